/**
 * The name of a FIFO, and its two ends as the kernel gives them.
 *
 * @module
 */
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
import { Membership } from "./membership.ts";
import { Place } from "./run_folder.ts";

/** How often (ms) an end that waits checks that the name still exists. */
export const NAME_MS = 1000;
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

/** Does a receiver have the FIFO open? */
function isRead(fd: number): boolean {
  return (pollFd(fd, 0, 0) & POLLERR) === 0;
}
