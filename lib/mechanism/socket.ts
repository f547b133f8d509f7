/**
 * A Unix-domain stream socket, unix(7): the consumer listens at a name in run/;
 * producers connect to it, and each has a stream of its own.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import {
  ABSENT,
  type Address,
  CUT,
  END,
  FULL,
  type KeptOpen,
  type Occupancy,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/mod.ts";
import { bytesIn, close } from "../posix/file.ts";
import { watchFolder } from "../posix/inotify.ts";
import { SystemError } from "../posix/libc.ts";
import { PollSet } from "../posix/poll.ts";
import { accept, connectTo } from "../posix/socket.ts";
import { RateLimit } from "../wait/rate_limit.ts";
import { channelName, folderOf, ownFile } from "./address.ts";
import {
  inspectPlace,
  Place,
  removePlace,
  RunFolder,
  runPath,
} from "./run_folder.ts";
import { Listener } from "./socket_listener.ts";
import { StreamReader, StreamSender } from "./stream_ends.ts";

/** How often (ms) a sleeping receiver checks that the name still exists. */
const NAME_MS = 1000;
/** How often (ms) a sender looks for a listener if run/ cannot be watched. */
const LOOK_MS = 100;
/** And if it is watched: a later listen(2) changes nothing in the folder. */
const UNNOTICED_MS = 1000;

export function openSender(address: Address): Sender & Disposable {
  return new SocketSender(pathOf(address));
}

export function openReceiver(address: Address): Receiver & Disposable {
  return new SocketReceiver(
    new Listener(pathOf(address), address.exclusive),
  );
}

export function keepOpen(address: Address): KeptOpen & Disposable {
  const path = pathOf(address);
  const folder = new RunFolder(folderOf(path));
  const presence = folder.presence(path);
  folder.exclusively(() => presence.enter("parent", path));
  return {
    ready: () => presence.has("receiver"),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

export function inspect(address: Address): Occupancy | undefined {
  return inspectPlace(pathOf(address), "socket");
}

export function tryOut(): void {
  using _end = openReceiver({ name: `try.${crypto.randomUUID()}` });
}

export function remove(address: Address): string | undefined {
  return removePlace(pathOf(address), "socket");
}

function pathOf(address: Address): string {
  return ownFile(address) ?? runPath(`${channelName(address)}.sock`);
}

/** Writes; connects again when the consumer has gone and another listens. */
class SocketSender extends StreamSender {
  readonly #path: string;
  readonly #folder: RunFolder;

  constructor(path: string) {
    super();
    this.#path = path;
    this.#folder = new RunFolder(folderOf(path));
    // Marked even if no consumer listens yet: a producer waits here.
    this.#folder.presence(path).enter("sender", path);
    this.#connect();
  }

  /** @returns Why it is not connected; `undefined`: it is. */
  #connect(): typeof ABSENT | typeof FULL | undefined {
    using place = Place.find(this.#path, "socket");
    if (!place) return ABSENT;
    let found = connectTo(place.pinned);
    // A consumer makes the name and listens under the lock: try again there.
    if (found === ABSENT) {
      found = this.#folder.exclusively(() => connectTo(place.pinned));
    }
    if (typeof found !== "number") return found;
    this.fd = found;
  }

  override offer(record: Uint8Array) {
    if (this.fd === undefined) {
      const refused = this.#connect();
      if (refused) return refused;
    }
    return super.offer(record);
  }

  override writable(signal: AbortSignal) {
    if (this.fd === undefined) return this.#listenerComes(signal);
    return super.writable(signal);
  }

  async #listenerComes(signal: AbortSignal) {
    using folder = watchFolder(folderOf(this.#path)); // before we look
    for (;;) {
      const refused = this.#connect();
      if (!refused) return;
      // When one of 512 connections is accepted, the folder does not change.
      if (folder && refused !== FULL) {
        await folder.changed(signal, UNNOTICED_MS);
      } else await delay(LOOK_MS, { signal });
    }
  }

  override [Symbol.dispose]() {
    super[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** Reads in turn from all senders that connect, each by a stream of its own. */
class SocketReceiver implements Receiver, Disposable {
  stream = 0;
  readonly #listener: Listener;
  readonly #streams = new Map<number, number>(); // descriptors, and their streams
  readonly #reader = new StreamReader();
  readonly #all = new PollSet(); // the listener, and the streams
  readonly #names = new RateLimit(); // of checks of the name
  readonly #accepts = new RateLimit(); // of looks for connections
  #count = 0;
  #woken = true; // and nothing read since: a connection may wait
  #crowded = false; // is no descriptor left for a connection?

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#changed();
  }

  poll(): Uint8Array | typeof PENDING | typeof CUT | typeof END {
    this.#followName();
    // Let others in even while one sender sends without end.
    if (!this.#crowded && this.#accepts.due()) this.#accept();
    do {
      for (const [fd, stream] of this.#streams) {
        const found = this.#reader.read(fd);
        if (found === PENDING) continue;
        this.#woken = false;
        this.stream = stream;
        if (found === END) {
          this.#hangUp(fd);
          return CUT;
        }
        if (this.#streams.size > 1) { // its turn is over: read it last
          this.#streams.delete(fd);
          this.#streams.set(fd, stream);
        }
        return found;
      }
    } while ((this.#woken || this.#streams.size === 0) && this.#accept());
    return this.#count > 0 && this.#streams.size === 0 ? END : PENDING;
  }

  /** Listens at the name again if it was removed. */
  #followName() {
    if (!this.#names.due() || this.#listener.isThere) return;
    this.#listener.followName();
    this.#changed();
  }

  #hangUp(fd: number) {
    this.#streams.delete(fd);
    close(fd);
    this.#crowded = false;
    this.#changed();
  }

  /** Accepts the next connection. @returns Was there one? */
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
      return accept(this.#listener.fd);
    } catch (error) {
      if (!isSpent(error) || this.#streams.size === 0) throw error;
      this.#crowded = true; // accept again when one of these has closed
      this.#changed();
    }
  }

  #changed() {
    const listener = this.#crowded ? [] : [this.#listener.fd];
    this.#all.set([...listener, ...this.#streams.keys()]);
  }

  readable(signal: AbortSignal) {
    this.#woken = true;
    const wait = this.#all.wait(signal, NAME_MS);
    return wait?.then(() => this.#names.reset());
  }

  unread() {
    const bytes = [...this.#streams.keys()].map(bytesIn);
    return { bytes: bytes.reduce((sum, each) => sum + each, 0) };
  }

  [Symbol.dispose]() {
    this.#listener[Symbol.dispose]();
    for (const fd of this.#streams.keys()) close(fd);
  }
}

/** Is no descriptor left? */
function isSpent(error: unknown): boolean {
  return error instanceof SystemError &&
    ["EMFILE", "ENFILE"].includes(error.code);
}
