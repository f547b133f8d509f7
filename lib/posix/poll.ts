/**
 * Waiting for file descriptors: poll(2).
 *
 * @module
 */
import { EBADF, EINTR } from "./file.ts";
import { errno, libc, SystemError } from "./libc.ts";
import { inSlices } from "./slice.ts";

/** There is something to read. */
export const POLLIN = 0x001;
/** There is room to write. */
export const POLLOUT = 0x004;
/** Failed; at the writing end of a pipe: no process has the other end open. */
export const POLLERR = 0x008;
/** Hung up; at the reading end of a pipe: every writer has closed. */
export const POLLHUP = 0x010;

// struct pollfd: int fd; short events; short revents
const POLLNVAL = 0x020; // the descriptor is not open
const pollfd = new Int32Array(2);
const halves = new Int16Array(pollfd.buffer);

/**
 * Waits for a file descriptor, poll(2). It blocks the whole thread.
 *
 * @param events {@linkcode POLLIN}, {@linkcode POLLOUT}, or both.
 * @param timeoutMs Milliseconds; 0: do not wait, -1: wait for ever.
 * @returns The events; {@linkcode POLLERR} and {@linkcode POLLHUP} need not be
 * asked for. 0: the time is over, or a signal came.
 * @throws {SystemError} If the kernel refuses, as for a closed descriptor.
 */
export function pollFd(fd: number, events: number, timeoutMs: number): number {
  const { poll } = libc();
  pollfd[0] = fd;
  halves[2] = events;
  halves[3] = 0;
  const count = poll(pollfd, 1n, timeoutMs);
  const error = count < 0 ? errno() : 0;
  if (error === EINTR) return 0;
  if (error !== 0) throw new SystemError(`poll descriptor ${fd}`, error);
  if (halves[3] & POLLNVAL) {
    throw new SystemError(`poll descriptor ${fd}`, EBADF);
  }
  return halves[3];
}

/**
 * Lets the kernel wake us when a file descriptor is ready, has failed, or is
 * hung up: in each case, the next read(2) or write(2) does not block. A FIFO
 * whose writers have all closed is hung up, so a wait for it is over at once.
 *
 * @param atMostMs Milliseconds after which the wait is over in any case.
 * @throws The signal's reason, once it is aborted.
 * @throws {SystemError} What {@linkcode pollFd} throws.
 */
export function waitFd(
  fd: number,
  readiness: "readable" | "writable",
  signal: AbortSignal,
  atMostMs?: number,
): Promise<void> | undefined {
  const events = readiness === "readable" ? POLLIN : POLLOUT;
  return inSlices((ms) => pollFd(fd, events, ms) !== 0, signal, atMostMs);
}

/** Several file descriptors to wait for: an array of struct pollfd. */
export class PollSet {
  #pollfds = new Int32Array(0);

  /** Sets the descriptors. */
  set(fds: number[]): void {
    this.#pollfds = Int32Array.from(fds.flatMap((fd) => [fd, POLLIN]));
  }

  /**
   * Wakes when any of them is readable, or hung up.
   *
   * @param atMostMs Milliseconds after which the wait is over in any case.
   * @throws What {@linkcode waitFd} throws.
   */
  wait(
    signal: AbortSignal,
    atMostMs?: number,
  ): Promise<void> | undefined {
    return inSlices(
      (ms) => {
        const { poll } = libc();
        const ready = poll(this.#pollfds, BigInt(this.#pollfds.length / 2), ms);
        const error = ready < 0 ? errno() : 0;
        if (error !== 0 && error !== EINTR) {
          throw new SystemError("poll", error);
        }
        return ready > 0;
      },
      signal,
      atMostMs,
    );
  }
}
