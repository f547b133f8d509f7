/**
 * A named pipe, fifo(7): a one-way stream of bytes. The kernel keeps what is
 * written until it is read; both ends only find each other by the name in run/.
 *
 * The name exists as long as an end is open: the first end makes it, the last
 * one removes it.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import {
  ABSENT,
  type Address,
  END,
  FULL,
  type KeptOpen,
  type Occupancy,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/mod.ts";
import { PIPE_BUF } from "../message/message.ts";
import { LabError } from "../error.ts";
import { bytesIn, close, EAGAIN, read } from "../posix/file.ts";
import { pollFd, POLLHUP, POLLIN, waitFd } from "../posix/poll.ts";
import { channelName, ownFile } from "./address.ts";
import { Fifo, NAME_MS } from "./fifo_name.ts";
import { inspectPlace, removePlace, runPath } from "./run_folder.ts";
import { StreamReader, StreamSender } from "./stream_ends.ts";

/** How often (ms) an end looks whether another's long record is over. */
const LONG_MS = 10;

export function openSender(address: Address): Sender & Disposable {
  return new FifoSender(new Fifo(pathOf(address), "sender"));
}

export function openReceiver(address: Address): Receiver & Disposable {
  return new FifoReceiver(
    new Fifo(pathOf(address), "receiver", address.exclusive),
  );
}

export function keepOpen(address: Address): KeptOpen & Disposable {
  const fifo = new Fifo(pathOf(address), "parent");
  const fd = fifo.openToRead();
  if (hasWriter(fd)) {
    close(fd);
    fifo[Symbol.dispose]();
    throw new LabError(
      `Cannot start as another program writes to ${pathOf(address)}: ` +
        "end it, or choose another --name",
    );
  }
  return {
    ready: () => (pollFd(fd, POLLIN, 0) & POLLIN) !== 0,
    [Symbol.dispose]() {
      close(fd);
      fifo[Symbol.dispose]();
    },
  };
}

/** Has a program the FIFO open to write? A shell counts that waits in open(2). */
function hasWriter(fd: number): boolean {
  if (pollFd(fd, POLLIN, 0) & POLLIN) return true;
  return read(fd, new Uint8Array(1)) === -EAGAIN; // 0: nobody writes
}

export function inspect(address: Address): Occupancy | undefined {
  return inspectPlace(pathOf(address), "FIFO");
}

export function tryOut(): void {
  using _end = openReceiver({ name: `try.${crypto.randomUUID()}` });
}

export function remove(address: Address): string | undefined {
  return removePlace(pathOf(address), "FIFO");
}

function pathOf(address: Address): string {
  return ownFile(address) ?? runPath(`${channelName(address)}.fifo`);
}

/** Writes; opens the FIFO as soon as a receiver has it open. */
class FifoSender extends StreamSender {
  readonly #fifo: Fifo;
  #isLong = false; // is this sender within a long record?
  #waits = false; // for another sender's long record?
  #mayWrite = false; // has that been looked at? A later one cannot begin

  constructor(fifo: Fifo) {
    super(fifo.openToWrite());
    this.#fifo = fifo;
  }

  override get limit() {
    const { fd } = this;
    return fd !== undefined && this.#fifo.tearsLongRecords(fd)
      ? PIPE_BUF
      : Infinity;
  }

  override offer(record: Uint8Array) {
    this.fd ??= this.#fifo.openToWrite();
    if (this.fd === undefined) return ABSENT;
    this.#waits = !this.#mayBegin(this.fd, record.length);
    if (this.#waits) return FULL;
    const offered = super.offer(record);
    if (this.#isLong && offered !== FULL) {
      this.#fifo.endLongRecord();
      this.#isLong = false;
    }
    return offered;
  }

  /** May this sender begin its record, or go on with it? */
  #mayBegin(fd: number, bytes: number): boolean {
    if (this.#isLong) return true;
    this.#mayWrite ||= !this.#fifo.hasLongRecord;
    if (bytes <= PIPE_BUF || !this.#mayWrite) return this.#mayWrite;
    return this.#isLong = this.#fifo.beginLongRecord(fd);
  }

  override writable(signal: AbortSignal) {
    if (this.fd === undefined) return this.#readerComes(signal);
    if (this.#waits) return delay(LONG_MS, { signal });
    return super.writable(signal);
  }

  async #readerComes(signal: AbortSignal) {
    this.fd = await this.#fifo.waitForReader(signal);
    signal.throwIfAborted();
  }

  override [Symbol.dispose]() {
    super[Symbol.dispose]();
    this.#fifo[Symbol.dispose]();
  }
}

/** Reads; opens the FIFO anew after the last writer has closed it. */
class FifoReceiver implements Receiver, Disposable {
  readonly #fifo: Fifo;
  readonly #reader = new StreamReader();
  #fd: number;
  #hadWriter = false;
  #reads: boolean; // or does another receiver read a long record?
  #ended = false; // has poll() returned END since the last writer?

  constructor(fifo: Fifo) {
    this.#fifo = fifo;
    this.#fd = fifo.openToRead();
    this.#reads = fifo.beginReading(this.#fd);
  }

  poll() {
    this.#reads ||= this.#fifo.beginReading(this.#fd);
    if (!this.#reads) return PENDING;
    let found = this.#reader.read(this.#fd);
    if (found === END) {
      // read(2) returns 0 while no writer has it open: not yet, or no more?
      // POLLHUP tells: a writer has come and gone since we opened it. POLLIN: a
      // writer came, wrote and closed after our read(2).
      const events = pollFd(this.#fd, POLLIN, 0);
      this.#hadWriter ||= (events & POLLHUP) !== 0;
      if (events & POLLIN) found = this.#reader.read(this.#fd);
    }
    if (found !== END) {
      this.#hadWriter = true;
      this.#ended = false;
      return found;
    }
    if (!this.#fifo.isThere) this.#reopen();
    this.#ended = this.#hadWriter;
    return this.#hadWriter ? END : PENDING;
  }

  readable(signal: AbortSignal) {
    // After the last writer the descriptor is hung up until another one comes,
    // and poll(2) would return at once. A new descriptor is not hung up.
    if (this.#ended) this.#reopen();
    if (!this.#reads) return delay(LONG_MS, { signal });
    return waitFd(this.#fd, "readable", signal, NAME_MS);
  }

  unread() {
    return { bytes: this.#fifo.hasOtherReceiver ? 0 : bytesIn(this.#fd) };
  }

  #reopen() {
    const before = this.#fd;
    this.#fd = this.#fifo.openToRead();
    close(before);
    this.#reads = this.#fifo.beginReading(this.#fd);
    this.#ended = false;
  }

  [Symbol.dispose]() {
    close(this.#fd);
    this.#fifo[Symbol.dispose]();
  }
}
