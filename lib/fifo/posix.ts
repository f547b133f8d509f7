/**
 * The ends of a FIFO through the C library: read(2) and write(2) with
 * `O_NONBLOCK`, and poll(2) to wait.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { END, PENDING, type Receiver } from "../channel.ts";
import {
  close,
  ENOENT,
  ENXIO,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  open,
} from "../posix/file.ts";
import { SystemError } from "../posix/libc.ts";
import { pollFd, POLLHUP, POLLIN, waitFd } from "../posix/poll.ts";
import { StreamReader, StreamSender } from "../posix/stream_ends.ts";
import { ours } from "../run_folder.ts";
import {
  knock,
  LOOK,
  make,
  type Opener,
  openToRead,
  openWaiting,
  removeUnlessRead,
  seeOff,
} from "./name.ts";

export const THROUGH = "C library";

export const opener: Opener = {
  open(path, end) {
    const access = end === "read" ? O_RDONLY : O_WRONLY;
    const fd = open(path, access | O_NONBLOCK);
    if (fd >= 0) return fd;
    if (fd === -ENXIO || fd === -ENOENT) return undefined;
    throw new SystemError(`open ${path}`, -fd);
  },
  close,
  watch: (fd) => () => (pollFd(fd, POLLIN, 0) & POLLIN) !== 0,
};

/** Writes. */
export class FifoSender extends StreamSender {
  #path: string;
  #arrival?: Promise<void>; // an open(2), done when a reader comes

  constructor(path: string) {
    make(path);
    super(opener.open(path, "write"));
    this.#path = path;
  }

  override offer(record: Uint8Array) {
    if (this.fd === undefined) {
      make(this.#path); // a consumer that finished has taken the name with it
      this.fd = opener.open(this.#path, "write");
    }
    return super.offer(record);
  }

  override writable(signal: AbortSignal) {
    if (this.fd !== undefined) return super.writable(signal);
    return this.#readerComes(signal);
  }

  /** The kernel keeps an open(2) without O_NONBLOCK until somebody reads. */
  async #readerComes(signal: AbortSignal) {
    const inode = ours(this.#path, "FIFO");
    const arrival = this.#arrival ??= this.#awaitReader().finally(() => {
      if (this.#arrival === arrival) this.#arrival = undefined;
    });
    const { promise: look, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LOOK);
    try {
      await abortable(Promise.race([arrival, look]), signal);
    } finally {
      clearTimeout(timer);
      if (signal.aborted) knock(opener, this.#path, "read");
    }
    // Somebody removed the name, and we wait at the nameless one: start anew.
    if (ours(this.#path, "FIFO") !== inode) this.#arrival = undefined;
  }

  async #awaitReader() {
    using file = await openWaiting(this.#path, { write: true });
    if (file) this.fd ??= opener.open(this.#path, "write");
  }

  override async [Symbol.asyncDispose]() {
    this.detach();
    await seeOff(opener, this.#path);
  }
}

/** Reads. */
export class FifoReceiver implements Receiver {
  #path: string;
  #fd: number;
  #inode: number;
  #reader = new StreamReader();
  #sender = false; // has one come?
  #told = false; // have we said that all have gone?

  constructor(path: string) {
    this.#path = path;
    [this.#fd, this.#inode] = openToRead(opener, path);
  }

  poll() {
    let found = this.#reader.read(this.#fd);
    if (found === END) {
      // Nobody had it open to write. Hung up, somebody has had, since we opened
      // it: even one that came and went without a word. But one may have come
      // and gone since we read, and not without.
      const up = pollFd(this.#fd, POLLIN, 0);
      this.#sender ||= (up & POLLHUP) !== 0;
      if (up & POLLIN) found = this.#reader.read(this.#fd);
    }
    if (found !== END) {
      this.#sender = true;
      this.#told = false;
      return found;
    }
    if (ours(this.#path, "FIFO") !== this.#inode) this.#reopen();
    this.#told = this.#sender;
    return this.#sender ? END : PENDING;
  }

  readable(signal: AbortSignal) {
    // A FIFO that was hung up stays so, for this open(2) of it, until a sender
    // comes: to sleep until then takes a new one.
    if (this.#told) this.#reopen();
    return waitFd(this.#fd, "readable", signal, LOOK);
  }

  /** Opens it anew, where somebody removed the name, by a new name. */
  #reopen() {
    const before = this.#fd;
    [this.#fd, this.#inode] = openToRead(opener, this.#path);
    close(before);
    this.#told = false;
  }

  [Symbol.asyncDispose]() {
    close(this.#fd);
    removeUnlessRead(opener, this.#path);
    return Promise.resolve();
  }
}
