/**
 * A named pipe, fifo(7): a one-way stream of bytes. The kernel keeps what is
 * written until it is read; both ends only find each other by the name in run/.
 *
 * The name exists as long as an end is open: the first end makes it, the last
 * one removes it.
 *
 * @module
 */
import {
  type Address,
  END,
  type KeptOpen,
  type Occupancy,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/mod.ts";
import {
  bytesIn,
  close,
  EEXIST,
  ENXIO,
  mkfifo,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  open,
  openOnThread,
  setNonBlocking,
} from "../posix/file.ts";
import { SystemError } from "../posix/libc.ts";
import { POLLERR, pollFd, POLLHUP, POLLIN, waitFd } from "../posix/poll.ts";
import type { Role } from "../posix/presence.ts";
import { channelName, ownFile } from "./address.ts";
import { Membership } from "./membership.ts";
import { inspectPlace, Place, removePlace, runPath } from "./run_folder.ts";
import { StreamReader, StreamSender } from "./stream_ends.ts";

/** How often (ms) an end that waits checks that the name still exists. */
const NAME_MS = 1000;
/** How often (ms) the receiving end is opened to end an open(2) that waits. */
const RELEASE_MS = 10;

export function openSender(address: Address): Sender & Disposable {
  return new FifoSender(new Fifo(pathOf(address), "sender"));
}

export function openReceiver(address: Address): Receiver & Disposable {
  return new FifoReceiver(
    new Fifo(pathOf(address), "receiver", address.exclusive),
  );
}

export function keepOpen(address: Address): KeptOpen {
  const fifo = new Fifo(pathOf(address), "parent");
  const fd = fifo.openToRead();
  return {
    ready: () => (pollFd(fd, POLLIN, 0) & POLLIN) !== 0,
    [Symbol.dispose]() {
      close(fd);
      fifo[Symbol.dispose]();
    },
  };
}

export function inspect(address: Address): Occupancy | undefined {
  return inspectPlace(pathOf(address), "FIFO");
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

  constructor(fifo: Fifo) {
    super(fifo.openToWrite());
    this.#fifo = fifo;
  }

  override offer(record: Uint8Array) {
    this.fd ??= this.#fifo.openToWrite();
    return super.offer(record);
  }

  override writable(signal: AbortSignal) {
    if (this.fd === undefined) return this.#readerComes(signal);
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
  #ended = false; // has poll() returned END since the last writer?

  constructor(fifo: Fifo) {
    this.#fifo = fifo;
    this.#fd = fifo.openToRead();
  }

  poll() {
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
    return waitFd(this.#fd, "readable", signal, NAME_MS);
  }

  unread() {
    return { bytes: this.#fifo.hasOtherReceiver ? 0 : bytesIn(this.#fd) };
  }

  #reopen() {
    const before = this.#fd;
    this.#fd = this.#fifo.openToRead();
    close(before);
    this.#ended = false;
  }

  [Symbol.dispose]() {
    close(this.#fd);
    this.#fifo[Symbol.dispose]();
  }
}

/** The FIFO at its name, with one end of it held by this process. */
class Fifo implements Disposable {
  readonly #path: string;
  readonly #membership: Membership;

  constructor(path: string, role: Role, exclusive?: boolean) {
    this.#path = path;
    const settle = () => findOrMake(path);
    this.#membership = new Membership(path, role, settle, exclusive);
  }

  /** Does the name still lead to this FIFO? A person may have removed it. */
  get isThere(): boolean {
    return this.#membership.isThere;
  }

  get hasOtherReceiver(): boolean {
    return this.#membership.others.has("receiver");
  }

  openToRead(): number {
    this.#membership.followName();
    const fd = open(this.#membership.pinned, O_RDONLY | O_NONBLOCK);
    if (fd < 0) throw new SystemError(`open ${this.#path} to read`, -fd);
    return fd;
  }

  /** @returns A descriptor; `undefined`: no receiver has it open (`ENXIO`). */
  openToWrite(): number | undefined {
    const membership = this.#membership;
    membership.followName();
    // Under the lock, so that #release() is not taken for a receiver.
    const fd = membership.exclusively(() =>
      open(membership.pinned, O_WRONLY | O_NONBLOCK)
    );
    if (fd >= 0) return fd;
    if (fd === -ENXIO) return undefined;
    throw new SystemError(`open ${this.#path} to write`, -fd);
  }

  /**
   * Waits in open(2), on another thread, until a receiver has the FIFO open.
   *
   * @returns A descriptor; `undefined`: the wait is over for another reason.
   */
  async waitForReader(signal: AbortSignal): Promise<number | undefined> {
    const membership = this.#membership;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watchName = () => {
      const over = signal.aborted || !this.isThere;
      if (over) membership.exclusively(() => this.#release());
      timer = setTimeout(watchName, over ? RELEASE_MS : NAME_MS);
    };
    const stop = () => {
      clearTimeout(timer);
      watchName();
    };
    signal.addEventListener("abort", stop, { once: true });
    watchName();
    const fd = await openOnThread(membership.pinned, O_WRONLY);
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    if (fd < 0) return undefined; // the next openToWrite() throws the reason
    if (membership.exclusively(() => isRead(fd))) {
      setNonBlocking(fd, true);
      return fd;
    }
    close(fd);
  }

  /** Ends every open(2) that waits to write: for a moment, opens to read. */
  #release() {
    const fd = open(this.#membership.pinned, O_RDONLY | O_NONBLOCK);
    if (fd >= 0) close(fd);
  }

  [Symbol.dispose]() {
    // A shell may wait in open(2), as in `seq 10 > run/lab.fifo`. Its FIFO has
    // no name any more, so without this the shell would wait for ever.
    if (this.#membership.leave({ last: true })) this.#release();
    this.#membership[Symbol.dispose]();
  }
}

function findOrMake(path: string): Place {
  for (;;) {
    const place = Place.find(path, "FIFO");
    if (place) return place;
    const made = mkfifo(path, 0o600);
    // EEXIST: a shell's mkfifo(1) was faster.
    if (made < 0 && made !== -EEXIST) {
      throw new SystemError(`make ${path}`, -made);
    }
  }
}

/** Has a receiver the FIFO open? */
function isRead(fd: number): boolean {
  return (pollFd(fd, 0, 0) & POLLERR) === 0;
}
