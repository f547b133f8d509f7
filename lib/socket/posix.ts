/**
 * A Unix-domain socket through the C library.
 *
 * @module
 */
import { END, PENDING, type Receiver, type Sender } from "../channel.ts";
import { close } from "../posix/file.ts";
import { FolderWatch } from "../posix/inotify.ts";
import { SystemError } from "../posix/libc.ts";
import { PollSet } from "../posix/poll.ts";
import { accept, connectTo, listenAt } from "../posix/socket.ts";
import { Seldom } from "../seldom.ts";
import { StreamReader, StreamSender } from "../posix/stream_ends.ts";

export const THROUGH = "C library";

const CUT_OFF = new Uint8Array(0);

/** Connects; `undefined`: nobody listens there (yet). */
export function dial(path: string): Promise<Sender | undefined> {
  const fd = connectTo(path);
  return Promise.resolve(fd === undefined ? undefined : new StreamSender(fd));
}

/** Makes the name and listens there; `undefined`: the name is there already. */
export function listen(path: string): Promise<Receiver | undefined> {
  const fd = listenAt(path);
  return Promise.resolve(
    fd === undefined ? undefined : new ListeningReceiver(fd),
  );
}

/** Tells of changes in a folder; `undefined`: the user watches all that one may. */
export function watch(folder: string): FolderWatch | undefined {
  try {
    return new FolderWatch(folder);
  } catch (error) {
    const spent = ["EMFILE", "ENOSPC"];
    if (error instanceof SystemError && spent.includes(error.code)) return;
    throw error;
  }
}

/** Reads from all who connect, in turn, each a stream of its own. */
class ListeningReceiver implements Receiver {
  stream = 0;
  #listener: number;
  #streams = new Map<number, number>(); // descriptors, and their streams
  #reader = new StreamReader();
  #count = 0;
  #all = new PollSet(); // the listener, and the streams
  #woken = true; // not for data, as far as we know: somebody may want to connect
  #knock = new Seldom(); // and elsewhere: to look costs a system call
  #crowded = false; // no descriptor is left for one more

  constructor(listener: number) {
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
      const spent = error instanceof SystemError &&
        ["EMFILE", "ENFILE"].includes(error.code);
      if (!spent || this.#streams.size === 0) throw error;
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
    for (const fd of [this.#listener, ...this.#streams.keys()]) close(fd);
    return Promise.resolve();
  }
}
