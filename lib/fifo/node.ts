/**
 * The ends of a FIFO where foreign functions are not permitted: `node:fs` reads
 * and writes it without waiting, and a blocking open(2), read(2) or write(2) on
 * another thread waits.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { delay } from "@std/async/delay";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import {
  ABSENT,
  END,
  FULL,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel.ts";
import { errorCode, LabError } from "../error.ts";
import { ours, reason } from "../run_folder.ts";
import {
  knock,
  LOOK,
  make,
  type Opener,
  openToRead,
  openWaiting,
  removeUnlessRead,
  seeOff,
  unlink,
} from "./name.ts";

const PIPE_BUF = 4096; // bytes; pipe(7)
const CAPACITY = 65_536; // bytes; pipe(7), "Pipe capacity"

export const THROUGH = "node:fs";

export const opener: Opener = {
  open(path, end) {
    const access = end === "read" ? constants.O_RDONLY : constants.O_WRONLY;
    try {
      return openSync(path, access | constants.O_NONBLOCK);
    } catch (error) {
      const code = errorCode(error);
      if (code === "ENXIO" || code === "ENOENT") return undefined;
      throw new LabError(`Cannot open ${path}: ${reason(error)}`);
    }
  },
  close: closeSync,
  watch(fd) {
    const made = fstatSync(fd).mtimeMs; // write(2) marks the time, stat(2)
    return () => fstatSync(fd).mtimeMs !== made;
  },
};

/** Waits for what the kernel holds, or until it is time to look after the name. */
async function forAWhile(held: Promise<void>, signal: AbortSignal) {
  const { promise: look, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LOOK);
  try {
    await abortable(Promise.race([held, look]), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Writes. */
export class FifoSender implements Sender {
  readonly limit = Infinity;
  #path: string;
  #fd?: number;
  #record: Uint8Array = new Uint8Array(0); // refused or half in
  #written = 0; // bytes of it
  #blocked?: Promise<void>; // an open(2) or write(2) that the kernel still holds

  constructor(path: string) {
    this.#path = path;
    make(path);
    this.#fd = opener.open(path, "write");
  }

  offer(record: Uint8Array) {
    if (this.#blocked) return FULL;
    if (this.#fd === undefined) {
      make(this.#path); // a consumer that finished has taken the name with it
      this.#fd = opener.open(this.#path, "write");
      if (this.#fd === undefined) return ABSENT;
    }
    this.#record = record;
    try {
      while (this.#written < record.length) {
        // Piece by piece of PIPE_BUF, which go as a whole or not at all: of a
        // longer one writeSync would not tell how much had gone before EAGAIN.
        const piece = Math.min(PIPE_BUF, record.length - this.#written);
        this.#written += writeSync(this.#fd, record, this.#written, piece);
      }
      this.#written = 0;
      return true;
    } catch (error) {
      if (errorCode(error) === "EAGAIN") return FULL;
      if (errorCode(error) !== "EPIPE") throw error;
      this.#detach();
      return ABSENT;
    }
  }

  async writable(signal: AbortSignal) {
    const inode = ours(this.#path, "FIFO");
    const blocked = this.#blocked ??= this.#block().finally(() => {
      if (this.#blocked === blocked) this.#blocked = undefined;
    });
    try {
      await forAWhile(blocked, signal);
    } finally {
      if (signal.aborted && this.#fd === undefined) {
        knock(opener, this.#path, "read");
      }
    }
    // Somebody removed the name, and we wait at the nameless one: start anew.
    if (ours(this.#path, "FIFO") !== inode) this.#blocked = undefined;
  }

  /** Without O_NONBLOCK: the kernel keeps us in open(2), or in write(2), until it goes on. */
  async #block(): Promise<void> {
    using file = await openWaiting(this.#path, { write: true });
    if (!file) return;
    if (this.#fd === undefined) {
      this.#fd = opener.open(this.#path, "write");
      return;
    }
    try {
      while (this.#written < this.#record.length) {
        this.#written += await file.write(this.#record.subarray(this.#written));
      }
    } catch (error) {
      if (errorCode(error) !== "EPIPE") throw error;
      this.#detach();
    }
  }

  /** EPIPE: the reader is gone. The next one gets the record from its start. */
  #detach() {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#written = 0;
  }

  async [Symbol.asyncDispose]() {
    this.#detach();
    await seeOff(opener, this.#path);
  }
}

/** Reads. */
export class FifoReceiver implements Receiver {
  #path: string;
  #fd: number;
  #inode: number;
  #buffer = new Uint8Array(CAPACITY);
  #second = new Uint8Array(CAPACITY); // for the blocking read(2)
  #ahead?: Uint8Array; // what a blocking read(2) has brought
  #reading?: Promise<void>; // a read(2) that the kernel still holds
  #arrival?: Promise<Deno.FsFile | undefined>; // an open(2), done when a sender comes
  #arrived?: Deno.FsFile;
  #sender = false; // has one come?

  constructor(path: string) {
    this.#path = path;
    [this.#fd, this.#inode] = openToRead(opener, this.#path);
    this.#await();
  }

  /**
   * Waits for a sender as the kernel does, in open(2) without O_NONBLOCK: it
   * sees even one that comes and goes without a word, which read(2) cannot.
   */
  #await(): Promise<Deno.FsFile | undefined> {
    const options = { read: true };
    const arrival = this.#arrival ??= openWaiting(this.#path, options)
      .then((file) => {
        if (arrival !== this.#arrival) return file;
        this.#sender ||= file !== undefined;
        this.#arrived = file;
        if (!file) this.#arrival = undefined;
        return file;
      });
    return arrival;
  }

  poll() {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead) return ahead;
    // Stopped by a signal and continued, open(2) starts anew and misses a sender
    // that came and went meanwhile; what it has left is here to be read.
    if (this.#reading && this.#arrived) return PENDING;
    try {
      const count = readSync(this.#fd, this.#buffer);
      if (count > 0) {
        this.#sender = true;
        return this.#buffer.subarray(0, count);
      }
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") throw error;
      this.#sender = true;
      return PENDING;
    }
    if (!this.#isNamed()) this.#reopen();
    return this.#sender ? END : PENDING;
  }

  #isNamed(): boolean {
    return ours(this.#path, "FIFO") === this.#inode;
  }

  /** Somebody removed the name: a new sender would wait at another FIFO. */
  #reopen() {
    closeSync(this.#fd);
    [this.#fd, this.#inode] = openToRead(opener, this.#path);
    this.#leave();
    this.#reading = undefined; // the kernel may hold it for ever
    this.#await();
  }

  #leave() {
    this.#arrived?.close();
    this.#arrived = this.#arrival = undefined;
  }

  async readable(signal: AbortSignal) {
    const reading = this.#reading ??= this.#read().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    await forAWhile(reading, signal);
    if (!this.#arrived && !this.#isNamed()) this.#reopen();
  }

  /** Without O_NONBLOCK: the kernel keeps us until a sender comes, then until it writes. */
  async #read(): Promise<void> {
    const arrival = this.#await();
    const file = await arrival;
    if (!file) return; // somebody removed the name
    if (arrival !== this.#arrival) return file.close(); // and we made it anew
    const count = await file.read(this.#second);
    if (count !== null) this.#ahead = this.#second.subarray(0, count);
    else this.#leave(); // every sender has closed: next time, await another
  }

  async [Symbol.asyncDispose]() {
    // Our open(2) may not even have begun: knock until it is done.
    while (this.#arrival && !this.#arrived && this.#isNamed()) {
      knock(opener, this.#path, "write");
      await Promise.race([this.#arrival, delay(1)]);
    }
    closeSync(this.#fd);
    if (this.#reading) {
      // A read(2) that the kernel holds cannot be called back: the exit ends
      // it. Till then it would pass for a reader who still needs the name.
      if (this.#isNamed()) unlink(this.#path);
    } else {
      this.#leave();
      removeUnlessRead(opener, this.#path);
    }
  }
}
