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

  constructor(listener: number) {
    this.#listener = listener;
    this.#changed();
  }

  poll(): Uint8Array | typeof PENDING | typeof END {
    do {
      for (const [fd, stream] of this.#streams) {
        const found = this.#reader.read(fd);
        if (found === PENDING) continue;
        this.#woken = false;
        this.stream = stream;
        if (found === END) {
          this.#streams.delete(fd);
          this.#changed();
          close(fd);
          return CUT_OFF;
        }
        if (this.#streams.size > 1) { // to the end of the line
          this.#streams.delete(fd);
          this.#streams.set(fd, stream);
        }
        return found;
      }
    } while (this.#accept());
    return this.#count > 0 && this.#streams.size === 0 ? END : PENDING;
  }

  /** Lets in who wants to connect. @returns Was anybody there? */
  #accept(): boolean {
    const alone = this.#streams.size === 0;
    if (!alone && !this.#woken && !this.#knock.due()) return false;
    const fd = accept(this.#listener);
    this.#woken = fd !== undefined;
    if (fd === undefined) return false;
    this.#streams.set(fd, ++this.#count);
    this.#changed();
    return true;
  }

  #changed() {
    this.#all.set([this.#listener, ...this.#streams.keys()]);
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
