/**
 * A named pipe, fifo(7): a one-way stream of bytes. The kernel keeps what is
 * written until it is read; the name in run/ is only where both ends meet.
 *
 * The name lives as long as somebody uses it: the first end makes it, the last
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
/** How often (ms) a thread that is still in open(2) is let out of it. */
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

/** Writes. */
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

/** Reads. */
class FifoReceiver implements Receiver, Disposable {
  readonly #fifo: Fifo;
  readonly #reader = new StreamReader();
  #fd: number;
  #hadWriter = false;
  #ended = false; // have we said that all of them have gone?

  constructor(fifo: Fifo) {
    this.#fifo = fifo;
    this.#fd = fifo.openToRead();
  }

  poll() {
    let found = this.#reader.read(this.#fd);
    if (found === END) {
      // read(2) gives 0 while nobody has it open to write: not yet, or no more?
      // POLLHUP tells: a writer has come and gone since we opened it. POLLIN: one
      // came, wrote and went after our read(2).
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
    // After the last writer it stays hung up until another comes, and poll(2)
    // would return at once. A new open(2) of it is not hung up.
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

/** The FIFO at its name, and that we are at one end of it. */
class Fifo implements Disposable {
  readonly #path: string;
  readonly #membership: Membership;

  constructor(path: string, role: Role, exclusive?: boolean) {
    this.#path = path;
    const settle = () => findOrMake(path);
    this.#membership = new Membership(path, role, settle, exclusive);
  }

  /** Is it still at its name? Somebody may have removed that. */
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

  /** @returns A descriptor; `undefined`: nobody reads it (`ENXIO`). */
  openToWrite(): number | undefined {
    const membership = this.#membership;
    membership.followName();
    // Under the lock, so that what #release() opens does not pass for a reader.
    const fd = membership.exclusively(() =>
      open(membership.pinned, O_WRONLY | O_NONBLOCK)
    );
    if (fd >= 0) return fd;
    if (fd === -ENXIO) return undefined;
    throw new SystemError(`open ${this.#path} to write`, -fd);
  }

  /**
   * Waits in open(2), on another thread, until somebody reads.
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
    const letGo = () => {
      clearTimeout(timer);
      watchName();
    };
    signal.addEventListener("abort", letGo, { once: true });
    watchName();
    const fd = await openOnThread(membership.pinned, O_WRONLY);
    clearTimeout(timer);
    signal.removeEventListener("abort", letGo);
    if (fd < 0) return undefined; // the next openToWrite() tells why
    if (membership.exclusively(() => isRead(fd))) {
      setNonBlocking(fd, true);
      return fd;
    }
    close(fd);
  }

  /** Lets out all that wait in open(2) to write: for a moment somebody reads. */
  #release() {
    const fd = open(this.#membership.pinned, O_RDONLY | O_NONBLOCK);
    if (fd >= 0) close(fd);
  }

  [Symbol.dispose]() {
    // A shell that waits in open(2), as in `seq 10 > run/lab.fifo`, would wait
    // at a removed name for ever.
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

/** Has somebody opened it to read? */
function isRead(fd: number): boolean {
  return (pollFd(fd, 0, 0) & POLLERR) === 0;
}
