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
/** It failed; for the writing end of a pipe: nobody has the other one open. */
export const POLLERR = 0x008;
/** Hung up; for the reading end of a pipe: every writer has closed. */
export const POLLHUP = 0x010;

// struct pollfd: int fd; short events; short revents
const POLLNVAL = 0x020; // no open descriptor
const pollfd = new Int32Array(2);
const halves = new Int16Array(pollfd.buffer);

/**
 * Waits for a file descriptor, poll(2), and lets nothing else run meanwhile.
 *
 * @param events {@linkcode POLLIN}, {@linkcode POLLOUT}, or both.
 * @param timeout Milliseconds; 0 to look only, -1 for ever.
 * @returns What is up; {@linkcode POLLERR} and {@linkcode POLLHUP} come unasked.
 * 0 when the time is over, or a signal came before.
 * @throws {SystemError} If the kernel refuses, as for a closed descriptor.
 */
export function pollFd(fd: number, events: number, timeout: number): number {
  const { poll } = libc();
  pollfd[0] = fd;
  halves[2] = events;
  halves[3] = 0;
  const count = poll(pollfd, 1n, timeout);
  const error = count < 0 ? errno() : 0;
  if (error === EINTR) return 0;
  if (error !== 0) throw new SystemError(`poll descriptor ${fd}`, error);
  if (halves[3] & POLLNVAL) {
    throw new SystemError(`poll descriptor ${fd}`, EBADF);
  }
  return halves[3];
}

/**
 * Lets the kernel wake us when a file descriptor is ready, or has failed, or is
 * hung up: then, too, the next read(2) or write(2) does not block. A FIFO whose
 * writers have all closed is hung up, and resolves at once, each time.
 *
 * @param atMost Milliseconds after which the wait is over in any case.
 * @throws The signal's reason, once it is aborted.
 * @throws {SystemError} As {@linkcode pollFd}.
 */
export function waitFd(
  fd: number,
  readiness: "readable" | "writable",
  signal: AbortSignal,
  atMost?: number,
): Promise<void> | undefined {
  const events = readiness === "readable" ? POLLIN : POLLOUT;
  return inSlices((ms) => pollFd(fd, events, ms) !== 0, signal, atMost);
}

/** Several file descriptors to wait for: struct pollfd, one behind the other. */
export class PollSet {
  #pollfds = new Int32Array(0);

  /** Which they are from now on. */
  set(fds: number[]): void {
    this.#pollfds = Int32Array.from(fds.flatMap((fd) => [fd, POLLIN]));
  }

  /**
   * Wakes when any of them is readable, or hung up.
   *
   * @param atMostMs Milliseconds after which the wait is over in any case.
   * @throws As {@linkcode waitFd}.
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
