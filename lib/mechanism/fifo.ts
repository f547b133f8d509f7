/**
 * A named pipe, fifo(7): one-way, first in first out, opened by name.
 *
 * The name lives as long as somebody uses it: whoever comes first makes it with
 * mkfifo(1), whoever leaves last removes it.
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
  type Address,
  END,
  FULL,
  type Hold,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel.ts";
import { errorCode, LabError } from "../error.ts";
import { ours, reason, runPath } from "../run_folder.ts";

const READ = constants.O_RDONLY | constants.O_NONBLOCK;
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;
const LOOK = 1000; // ms; one who waits sees to it that often that the name is there
const PIPE_BUF = 4096; // bytes; pipe(7)
const CAPACITY = 65_536; // bytes; pipe(7), "Pipe capacity"

export const through = () => "node:fs";

export function openSender(address: Address): Promise<Sender> {
  return Promise.resolve(new FifoSender(path(address)));
}

export function openReceiver(address: Address): Promise<Receiver> {
  return Promise.resolve(new FifoReceiver(path(address)));
}

export function hold(address: Address): Hold {
  const there = path(address);
  make(there);
  const fd = openSync(there, READ);
  const made = modified(fd);
  return {
    ready: () => modified(fd) !== made, // write(2) marks the time, stat(2)
    [Symbol.dispose]() {
      closeSync(fd);
      removeUnlessRead(there);
    },
  };
}

export function heard(address: Address): Promise<boolean> {
  const there = path(address);
  const found = ours(there, "FIFO") !== undefined;
  return Promise.resolve(found && knock(there, WRITE));
}

export function remove(address: Address): Promise<string | undefined> {
  const there = path(address);
  if (ours(there, "FIFO") === undefined) return Promise.resolve(undefined);
  Deno.removeSync(there);
  return Promise.resolve(there);
}

function modified(fd: number): number {
  return fstatSync(fd).mtimeMs;
}

function path({ name }: Address): string {
  return runPath(`${name}.fifo`);
}

/** Makes the FIFO unless it is there. Returns its inode number. */
function make(path: string): number {
  for (;;) {
    const there = ours(path, "FIFO");
    if (there !== undefined) return there;
    const { success, stderr } = run("mkfifo", ["-m", "600", path]);
    // Two may try at the same moment: one of them is told that it exists.
    if (!success && ours(path, "FIFO") === undefined) {
      throw new LabError(
        `Cannot make ${path}: ${new TextDecoder().decode(stderr).trim()}`,
      );
    }
  }
}

function run(command: string, args: string[]): Deno.CommandOutput {
  try {
    return new Deno.Command(command, { args, stdin: "null" }).outputSync();
  } catch (error) {
    throw new LabError(`Cannot run ${command}: ${reason(error)}`);
  }
}

/** Opens one end without waiting; `undefined` with ENXIO (nobody reads yet) or ENOENT. */
function open(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENXIO" || code === "ENOENT") return undefined;
    throw new LabError(`Cannot open ${path}: ${reason(error)}`);
  }
}

/**
 * Opens one end without O_NONBLOCK: the kernel keeps us until somebody opens
 * the other. `undefined`: the name was removed before we came to it.
 */
async function openWaiting(
  path: string,
  options: Deno.OpenOptions,
): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, options);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Opens an end and closes it: that ends an open(2) that waits at the other. */
function knock(path: string, flags: number): boolean {
  const fd = open(path, flags);
  if (fd !== undefined) closeSync(fd);
  return fd !== undefined;
}

/** Removes the name unless somebody has the FIFO open for reading. */
function removeUnlessRead(path: string): void {
  if (!knock(path, WRITE)) unlink(path);
}

function unlink(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    // The other end may have been faster.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

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

class FifoSender implements Sender {
  readonly limit = Infinity;
  #path: string;
  #fd?: number;
  #record: Uint8Array = new Uint8Array(0); // refused or half in
  #written = 0; // bytes of it
  #blocked?: Promise<void>; // an open(2) or write(2) that the kernel still holds

  constructor(path: string) {
    this.#path = path;
    make(path);
    this.#fd = open(path, WRITE);
  }

  offer(record: Uint8Array) {
    if (this.#blocked) return FULL;
    if (this.#fd === undefined) {
      make(this.#path); // a consumer that finished has taken the name with it
      this.#fd = open(this.#path, WRITE);
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
      if (signal.aborted && this.#fd === undefined) knock(this.#path, READ);
    }
    // Somebody removed the name, and we wait at the nameless one: start anew.
    if (ours(this.#path, "FIFO") !== inode) this.#blocked = undefined;
  }

  /** Without O_NONBLOCK: the kernel keeps us in open(2), or in write(2), until it goes on. */
  async #block(): Promise<void> {
    using file = await openWaiting(this.#path, { write: true });
    if (!file) return;
    if (this.#fd === undefined) {
      this.#fd = open(this.#path, WRITE);
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
    // A reader that is not ours, cat say, leaves as soon as we have, and does
    // not tidy up: see it off. Our consumer may stay, and then it has the name.
    for (let i = 0; i < 10 && knock(this.#path, WRITE); i++) await delay(20);
    knock(this.#path, READ); // another writer would wait for ever at a lost name
    removeUnlessRead(this.#path);
  }
}

class FifoReceiver implements Receiver {
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
    [this.#fd, this.#inode] = this.#open();
    this.#await();
  }

  #open(): [fd: number, inode: number] {
    for (;;) {
      const inode = make(this.#path);
      const fd = open(this.#path, READ);
      if (fd !== undefined) return [fd, inode];
    }
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
    [this.#fd, this.#inode] = this.#open();
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
      knock(this.#path, WRITE);
      await Promise.race([this.#arrival, delay(1)]);
    }
    closeSync(this.#fd);
    if (this.#reading) {
      // A read(2) that the kernel holds cannot be called back: the exit ends
      // it. Till then it would pass for a reader who still needs the name.
      if (this.#isNamed()) unlink(this.#path);
    } else {
      this.#leave();
      removeUnlessRead(this.#path);
    }
  }
}
