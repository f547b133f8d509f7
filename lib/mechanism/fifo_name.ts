/**
 * The name of a FIFO, and its two ends as the kernel gives them.
 *
 * @module
 */
import { constants as os } from "node:os";
import { type LabError, LockedError } from "../error.ts";
import {
  isByteLocked,
  isLocked,
  isLockedTwice,
  lockByte,
  unlockByte,
} from "../posix/byte_lock.ts";
import {
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
import { POLLERR, pollFd } from "../posix/poll.ts";
import type { Role } from "../posix/presence.ts";
import { folderOf } from "./address.ts";
import { Membership } from "./membership.ts";
import { Place } from "./run_folder.ts";

const { EPERM, EOPNOTSUPP, ENOSYS } = os.errno;

/** How often (ms) an end that waits checks that the name still exists. */
export const NAME_MS = 1000;
/** The first receiver's place: one look tells a sender that it is alone. */
const FIRST_PLACE = 0n;
/** How many places there are for the others: two of them rarely meet at one. */
const PLACES = 2 ** 40;
/** How often (ms) the receiving end is opened to end an open(2) that waits. */
const RELEASE_MS = 10;

/** The FIFO at its name, with one end of it held by this process. */
export class Fifo implements Disposable {
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

  /**
   * Marks a receiver as one that reads, so that a sender can count them.
   *
   * @param fd Its end.
   * @returns `false`: not now, as another receiver reads a long record.
   */
  beginReading(fd: number): boolean {
    return this.#membership.exclusively(() => {
      // A place of our own: the marks of two at one place look like one.
      const place = isByteLocked(fd, FIRST_PLACE)
        ? BigInt(1 + Math.floor(Math.random() * PLACES))
        : FIRST_PLACE;
      // Our mark first, then the look: see beginLongRecord().
      lockByte(fd, place, "shared");
      if (!this.hasLongRecord || !isLocked(fd)) return true;
      unlockByte(fd, place);
      return false;
    });
  }

  /**
   * Could a record of more than PIPE_BUF bytes be torn? The kernel writes it in
   * pieces, pipe(7). Another sender's bytes may come between two of them, and of
   * two receivers each may read some.
   *
   * @param fd The sending end.
   */
  tearsLongRecords(fd: number): boolean {
    return this.#membership.others.has("sender") || isLockedTwice(fd);
  }

  /**
   * Keeps other senders, and a second receiver, out until this sender has
   * written a long record.
   *
   * No lock is needed, as each side sets its own mark before it looks for the
   * other's: of two that begin at once, one at least sees the other.
   *
   * @param fd The sending end.
   * @returns `false`: not now, as another end is there already.
   */
  beginLongRecord(fd: number): boolean {
    this.#membership.others.beginLongRecord();
    if (!this.tearsLongRecords(fd)) return true;
    this.endLongRecord();
    return false;
  }

  /** Lets the others in again. */
  endLongRecord(): void {
    this.#membership.others.endLongRecord();
  }

  /** Is another sender within a long record? */
  get hasLongRecord(): boolean {
    return this.#membership.others.hasLongRecord;
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
      if (over) this.#releaseLocked();
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
    if (!signal.aborted && membership.exclusively(() => isRead(fd))) {
      setNonBlocking(fd, true);
      return fd;
    }
    close(fd);
  }

  /** Does so under the lock, so that no sender takes us for a receiver. */
  #releaseLocked() {
    try {
      this.#membership.exclusively(() => this.#release());
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      this.#release(); // deaf to Ctrl-C would be worse than taken for one
    }
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
    if (made < 0 && made !== -EEXIST) throw cannotMake(path, -made);
  }
}

function cannotMake(path: string, error: number): LabError {
  // mknod(2): the file system has no FIFOs, as FAT and exFAT.
  const hint = [EPERM, EOPNOTSUPP, ENOSYS].includes(error)
    ? `the file system of ${folderOf(path)}/ has no FIFOs: ` +
      "copy the project to another one, or use another --via"
    : undefined;
  return new SystemError(`make ${path}`, error, hint);
}

/** Does a receiver have the FIFO open? */
function isRead(fd: number): boolean {
  return (pollFd(fd, 0, 0) & POLLERR) === 0;
}
