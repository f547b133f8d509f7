/**
 * A Unix-domain socket through the C library.
 *
 * @module
 */
import { END, PENDING, type Receiver, type Sender } from "../channel.ts";
import { close } from "../posix/file.ts";
import { waitFds } from "../posix/poll.ts";
import { accept, connectTo, listenAt } from "../posix/socket.ts";
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

/** Reads from all who connect, in turn, each a stream of its own. */
class ListeningReceiver implements Receiver {
  stream = 0;
  #listener: number;
  #streams = new Map<number, number>(); // descriptors, and their streams
  #reader = new StreamReader();
  #count = 0;

  constructor(listener: number) {
    this.#listener = listener;
  }

  poll(): Uint8Array | typeof PENDING | typeof END {
    do {
      for (const [fd, stream] of this.#streams) {
        const found = this.#reader.read(fd);
        if (found === PENDING) continue;
        this.stream = stream;
        if (found === END) {
          this.#streams.delete(fd);
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
    const fd = accept(this.#listener);
    if (fd === undefined) return false;
    this.#streams.set(fd, ++this.#count);
    return true;
  }

  readable(signal: AbortSignal) {
    const fds = [this.#listener, ...this.#streams.keys()];
    return waitFds(fds, "readable", signal);
  }

  [Symbol.asyncDispose]() {
    for (const fd of [this.#listener, ...this.#streams.keys()]) close(fd);
    return Promise.resolve();
  }
}
