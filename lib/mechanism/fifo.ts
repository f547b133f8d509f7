/**
 * A named pipe, fifo(7): a one-way stream of bytes. The kernel keeps what is
 * written until it is read; the name in run/ is only where both ends meet.
 *
 * The name lives as long as somebody uses it: whoever comes first makes it,
 * whoever leaves last removes it.
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
import {
  close,
  EEXIST,
  ENOENT,
  ENXIO,
  mkfifo,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  open,
} from "../posix/file.ts";
import { SystemError } from "../posix/libc.ts";
import { pollFd, POLLHUP, POLLIN, waitFd } from "../posix/poll.ts";
import { StreamReader, StreamSender } from "./stream_ends.ts";
import { ours, runPath, unlink } from "./run_folder.ts";

/** Milliseconds between two looks for a reader: poll(2) cannot wait for one. */
const READER = 100;
/** Milliseconds after which one who waits sees to it that the name is there. */
const NAME = 1000;

export function openSender(address: Address): Promise<Sender> {
  return Promise.resolve(new FifoSender(path(address)));
}

export function openReceiver(address: Address): Promise<Receiver> {
  return Promise.resolve(new FifoReceiver(path(address)));
}

export function hold(address: Address): Hold {
  const there = path(address);
  const { fd } = openToRead(there);
  return {
    ready: () => (pollFd(fd, POLLIN, 0) & POLLIN) !== 0,
    [Symbol.dispose]() {
      close(fd);
      removeUnlessRead(there);
    },
  };
}

export function heard(address: Address): Promise<boolean> {
  const there = path(address);
  return Promise.resolve(ours(there, "FIFO") !== undefined && knock(there));
}

export function remove(address: Address): Promise<string | undefined> {
  const there = path(address);
  if (ours(there, "FIFO") === undefined) return Promise.resolve(undefined);
  unlink(there);
  return Promise.resolve(there);
}

/** Writes. */
class FifoSender extends StreamSender {
  readonly #path: string;

  constructor(path: string) {
    super(openToWrite(path));
    this.#path = path;
  }

  override offer(record: Uint8Array) {
    this.fd ??= openToWrite(this.#path);
    return super.offer(record);
  }

  override writable(signal: AbortSignal) {
    if (this.fd === undefined) return delay(READER, { signal });
    return super.writable(signal);
  }

  override async [Symbol.asyncDispose]() {
    this.detach();
    // A reader that is not ours, such as cat(1), leaves when we have left, and
    // removes nothing. Ours may stay, and then it removes the name.
    for (let i = 0; i < 10 && knock(this.#path); i++) await delay(20);
    // A writer that waits in open(2) would wait at the removed name for ever.
    const fd = open(this.#path, O_RDONLY | O_NONBLOCK);
    if (fd >= 0) close(fd);
    removeUnlessRead(this.#path);
  }
}

/** Reads. */
class FifoReceiver implements Receiver {
  readonly #path: string;
  readonly #reader = new StreamReader();
  #fd: number;
  #inode: number; // of the name that we have opened
  #writer = false; // has one come?
  #ended = false; // have we said that all of them have gone?

  constructor(path: string) {
    this.#path = path;
    ({ fd: this.#fd, inode: this.#inode } = openToRead(path));
  }

  poll() {
    let found = this.#reader.read(this.#fd);
    if (found === END) {
      // read(2) gives 0 if nobody has it open to write: not yet, or no more?
      // POLLHUP tells: a writer has come and gone since we opened it. POLLIN: one
      // came, wrote and went after our read(2).
      const events = pollFd(this.#fd, POLLIN, 0);
      this.#writer ||= (events & POLLHUP) !== 0;
      if (events & POLLIN) found = this.#reader.read(this.#fd);
    }
    if (found !== END) {
      this.#writer = true;
      this.#ended = false;
      return found;
    }
    if (ours(this.#path, "FIFO") !== this.#inode) this.#reopen();
    this.#ended = this.#writer;
    return this.#writer ? END : PENDING;
  }

  readable(signal: AbortSignal) {
    // Hung up, it stays so until a writer comes, and poll(2) returns at once. A
    // new open(2) of it is not hung up.
    if (this.#ended) this.#reopen();
    return waitFd(this.#fd, "readable", signal, NAME);
  }

  #reopen() {
    const before = this.#fd;
    ({ fd: this.#fd, inode: this.#inode } = openToRead(this.#path));
    close(before);
    this.#ended = false;
  }

  [Symbol.asyncDispose]() {
    close(this.#fd);
    removeUnlessRead(this.#path);
    return Promise.resolve();
  }
}

function path({ name }: Address): string {
  return runPath(`${name}.fifo`);
}

/** Makes the FIFO unless it is there. @returns Its inode number. */
function make(path: string): number {
  for (;;) {
    const there = ours(path, "FIFO");
    if (there !== undefined) return there;
    const made = mkfifo(path, 0o600);
    // EEXIST: another has made it since we looked.
    if (made < 0 && made !== -EEXIST) {
      throw new SystemError(`make ${path}`, -made);
    }
  }
}

/** @returns `undefined`: nobody reads it yet. */
function openToWrite(path: string): number | undefined {
  make(path);
  const fd = open(path, O_WRONLY | O_NONBLOCK);
  if (fd >= 0) return fd;
  // ENOENT: a consumer that finished has removed the name since.
  if (fd === -ENXIO || fd === -ENOENT) return undefined;
  throw new SystemError(`open ${path}`, -fd);
}

function openToRead(path: string): { fd: number; inode: number } {
  for (;;) {
    const inode = make(path);
    const fd = open(path, O_RDONLY | O_NONBLOCK);
    if (fd >= 0) return { fd, inode };
    if (fd !== -ENOENT) throw new SystemError(`open ${path}`, -fd);
  }
}

/** Does somebody read it? */
function knock(path: string): boolean {
  const fd = open(path, O_WRONLY | O_NONBLOCK);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

function removeUnlessRead(path: string) {
  if (!knock(path)) unlink(path);
}
