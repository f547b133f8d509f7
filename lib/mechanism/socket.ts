/**
 * A Unix-domain stream socket, unix(7): the consumer listens at a name in run/,
 * producers connect, each over a stream of its own.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import {
  type Address,
  END,
  type Hold,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/channel.ts";
import { LabError } from "../error.ts";
import { close } from "../posix/file.ts";
import { FolderWatch } from "../posix/inotify.ts";
import { SystemError } from "../posix/libc.ts";
import { PollSet } from "../posix/poll.ts";
import { accept, connectTo, listenAt } from "../posix/socket.ts";
import { StreamReader, StreamSender } from "./stream_ends.ts";
import { ours, runPath, unlink } from "./run_folder.ts";
import { Seldom } from "../wait/rate_limit.ts";

/** Milliseconds between two looks for one who listens, where nothing tells of it. */
const LOOK = 100;
/** And where run/ is watched: listen(2) itself, ours aside, changes nothing there. */
const UNNOTICED = 1000;
const CUT_OFF = new Uint8Array(0);

export function openSender(address: Address): Promise<Sender> {
  return Promise.resolve(new SocketSender(path(address)));
}

export async function openReceiver(address: Address): Promise<Receiver> {
  const there = path(address);
  const stale = ours(there, "socket"); // if the consumer that made it was killed
  let listener = listenAt(there);
  if (listener === undefined && !isListened(there)) {
    await delay(LOOK); // one that has just come has a name before it listens
    if (!isListened(there)) {
      if (ours(there, "socket") === stale) unlink(there);
      listener = listenAt(there);
    }
  }
  if (listener === undefined) {
    throw new LabError(
      `Cannot listen at ${there} as another consumer does: choose another --name`,
    );
  }
  Deno.chmodSync(there, 0o600); // wakes up those who watch for us, too
  return new SocketReceiver(there, listener);
}

export function hold(address: Address): Hold {
  const there = path(address);
  return {
    ready: () => ours(there, "socket") !== undefined,
    [Symbol.dispose]() {},
  };
}

export function heard(address: Address): Promise<boolean> {
  const there = path(address);
  const found = ours(there, "socket") !== undefined;
  return Promise.resolve(found && isListened(there));
}

export function remove(address: Address): Promise<string | undefined> {
  const there = path(address);
  if (ours(there, "socket") === undefined) return Promise.resolve(undefined);
  unlink(there);
  return Promise.resolve(there);
}

/** Writes; connects again when the consumer has gone and another one comes. */
class SocketSender extends StreamSender {
  readonly #path: string;

  constructor(path: string) {
    super(connect(path));
    this.#path = path;
  }

  override offer(record: Uint8Array) {
    this.fd ??= connect(this.#path);
    return super.offer(record);
  }

  override writable(signal: AbortSignal) {
    if (this.fd === undefined) return this.#listenerComes(signal);
    return super.writable(signal);
  }

  async #listenerComes(signal: AbortSignal) {
    using folder = watch("run"); // before we look
    for (;;) {
      this.fd = connect(this.#path);
      if (this.fd !== undefined) return;
      if (folder) await folder.changed(signal, UNNOTICED);
      else await delay(LOOK, { signal });
    }
  }
}

/** Reads from all who connect, in turn, each a stream of its own. */
class SocketReceiver implements Receiver {
  stream = 0;
  readonly #path: string;
  readonly #inode: number | undefined;
  readonly #listener: number;
  readonly #streams = new Map<number, number>(); // descriptors, and their streams
  readonly #reader = new StreamReader();
  readonly #all = new PollSet(); // the listener, and the streams
  readonly #knock = new Seldom(); // when to look for one who connects
  #count = 0;
  #woken = true; // not for data, as far as we know: somebody may want to connect
  #crowded = false; // no descriptor is left for one more

  constructor(path: string, listener: number) {
    this.#path = path;
    this.#inode = ours(path, "socket");
    this.#listener = listener;
    this.#changed();
  }

  poll(): Uint8Array | typeof PENDING | typeof END {
    // Even if one sends without end the others shall be let in.
    if (!this.#crowded && this.#knock.due()) this.#accept();
    do {
      for (const [fd, stream] of this.#streams) {
        const found = this.#reader.read(fd);
        if (found === PENDING) continue;
        this.#woken = false;
        this.stream = stream;
        if (found === END) {
          this.#streams.delete(fd);
          close(fd);
          this.#crowded = false;
          this.#changed();
          return CUT_OFF;
        }
        if (this.#streams.size > 1) { // to the end of the line
          this.#streams.delete(fd);
          this.#streams.set(fd, stream);
        }
        return found;
      }
    } while ((this.#woken || this.#streams.size === 0) && this.#accept());
    return this.#count > 0 && this.#streams.size === 0 ? END : PENDING;
  }

  /** Lets in who wants to connect. @returns Was anybody there? */
  #accept(): boolean {
    const fd = this.#next();
    this.#woken = fd !== undefined;
    if (fd === undefined) return false;
    this.#streams.set(fd, ++this.#count);
    this.#changed();
    return true;
  }

  #next(): number | undefined {
    try {
      return accept(this.#listener);
    } catch (error) {
      if (!isSpent(error) || this.#streams.size === 0) throw error;
      this.#crowded = true; // whoever comes now waits until one has gone
      this.#changed();
    }
  }

  #changed() {
    const doors = this.#crowded ? [] : [this.#listener];
    this.#all.set([...doors, ...this.#streams.keys()]);
  }

  readable(signal: AbortSignal) {
    this.#woken = true;
    return this.#all.wait(signal);
  }

  [Symbol.asyncDispose]() {
    // Removed meanwhile, the name may be another's by now.
    if (ours(this.#path, "socket") === this.#inode) unlink(this.#path);
    for (const fd of [this.#listener, ...this.#streams.keys()]) close(fd);
    return Promise.resolve();
  }
}

function path({ name }: Address): string {
  return runPath(`${name}.sock`);
}

/** @returns `undefined`: nobody listens there. */
function connect(path: string): number | undefined {
  ours(path, "socket"); // or nothing is there
  return connectTo(path);
}

function isListened(path: string): boolean {
  const fd = connectTo(path);
  if (fd !== undefined) close(fd);
  return fd !== undefined;
}

/** Tells of changes in a folder; `undefined`: the user watches all that one may. */
function watch(folder: string): FolderWatch | undefined {
  try {
    return new FolderWatch(folder);
  } catch (error) {
    if (isSpent(error)) return undefined;
    throw error;
  }
}

/** Are there no more descriptors, or watches, to be had? */
function isSpent(error: unknown): boolean {
  const spent = ["EMFILE", "ENFILE", "ENOSPC"];
  return error instanceof SystemError && spent.includes(error.code);
}
