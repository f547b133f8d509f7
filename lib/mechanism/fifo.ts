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
  type Mechanism,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel.ts";
import { errorCode, LabError } from "../error.ts";
import { ours, reason, runPath } from "../run_folder.ts";

const READ = constants.O_RDONLY | constants.O_NONBLOCK;
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;
const CAPACITY = 65_536; // bytes; pipe(7), "Pipe capacity"

/** The mechanism `--via=fifo`. */
export const fifo: Mechanism = {
  name: "fifo",
  summary: "a named pipe, made with mkfifo; run/NAME.fifo",
  properties: {
    object: "mkfifo(1), O_NONBLOCK",
    openedBy: "name",
    outlives: false,
    boundaries: false,
    capacity: { bytes: CAPACITY },
    processes: "many",
  },
  permissions: [
    "--allow-read=.",
    "--allow-write=run",
    "--allow-sys=uid",
    "--allow-run=mkfifo",
  ],
  available: () => true,
  openSender: (address) => Promise.resolve(new FifoSender(path(address))),
  openReceiver: (address) => Promise.resolve(new FifoReceiver(path(address))),
  hold(address) {
    const there = path(address);
    make(there);
    const fd = openSync(there, READ);
    const made = modified(fd);
    return {
      filled: () => modified(fd) !== made, // write(2) marks the time, stat(2)
      [Symbol.dispose]() {
        closeSync(fd);
        removeUnlessRead(there);
      },
    };
  },
  remove(address) {
    const there = path(address);
    if (ours(there, "FIFO") === undefined) return Promise.resolve(undefined);
    Deno.removeSync(there);
    return Promise.resolve(there);
  },
};

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

/** Opens an end and closes it: that ends an open(2) that waits at the other. */
function knock(path: string, flags: number): boolean {
  const fd = open(path, flags);
  if (fd !== undefined) closeSync(fd);
  return fd !== undefined;
}

/** Removes the name unless somebody has the FIFO open for reading. */
function removeUnlessRead(path: string): void {
  if (!knock(path, WRITE)) remove(path);
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    // The other end may have been faster.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

class FifoSender implements Sender {
  readonly limit = Infinity;
  #path: string;
  #fd?: number;
  #record: Uint8Array = new Uint8Array(0); // refused or half in
  #written = 0; // bytes of it
  #made: boolean; // was it us who made the FIFO?
  #blocked?: Promise<void>; // an open(2) or write(2) that the kernel still holds

  constructor(path: string) {
    this.#path = path;
    this.#made = ours(path, "FIFO") === undefined;
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
        this.#written += writeSync(this.#fd, record, this.#written);
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
    this.#blocked ??= this.#block().finally(() => this.#blocked = undefined);
    try {
      await abortable(this.#blocked, signal);
    } finally {
      if (signal.aborted && this.#fd === undefined) knock(this.#path, READ);
    }
  }

  /** Without O_NONBLOCK: the kernel keeps us in open(2), or in write(2), until it goes on. */
  async #block(): Promise<void> {
    using file = await Deno.open(this.#path, { write: true });
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
    for (let i = 0; i < 10 && this.#made && knock(this.#path, WRITE); i++) {
      await delay(20);
    }
    removeUnlessRead(this.#path);
  }
}

class FifoReceiver implements Receiver {
  #path: string;
  #fd: number;
  #inode: number;
  #buffer = new Uint8Array(CAPACITY);
  #ahead?: Uint8Array; // what a blocking read(2) has brought
  #reading?: Promise<void>; // a read(2) that the kernel still holds
  #arrival?: Promise<Deno.FsFile>; // an open(2), done when a sender comes
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
  #await(): Promise<Deno.FsFile> {
    return this.#arrival ??= Deno.open(this.#path).then((file) => {
      this.#sender = true;
      return this.#arrived = file;
    });
  }

  poll() {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead) return ahead;
    if (this.#reading) return PENDING;
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
    this.#await();
  }

  #leave() {
    this.#arrived?.close();
    this.#arrived = this.#arrival = undefined;
  }

  async readable(signal: AbortSignal) {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    await abortable(this.#reading, signal);
  }

  /** Without O_NONBLOCK: the kernel keeps us until a sender comes, then until it writes. */
  async #read(): Promise<void> {
    const file = await this.#await();
    const count = await file.read(this.#buffer);
    if (count !== null) this.#ahead = this.#buffer.subarray(0, count);
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
      remove(this.#path);
    } else {
      this.#leave();
      removeUnlessRead(this.#path);
    }
  }
}
