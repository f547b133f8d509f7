/**
 * Sleeping on a word of memory that several processes share: futex(2).
 *
 * @module
 */
import { constants as os } from "node:os";
import { errno, libc, SystemError } from "./libc.ts";

const { EAGAIN, EINTR, ETIMEDOUT } = os.errno;

// The number of the system call, <asm/unistd.h>.
const SYS_FUTEX = Deno.build.arch === "aarch64" ? 98n : 202n;
// Without FUTEX_PRIVATE_FLAG, as the memory is shared between processes.
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;

const timespec = new BigInt64Array(2); // seconds, nanoseconds

/** One word of memory that other processes see. */
type Word = Int32Array<ArrayBufferLike>;

/**
 * Sleeps as long as the word has that value. It blocks the whole thread.
 *
 * @param atMostMs Milliseconds; none: until another process wakes it.
 * @returns `true`: it was woken, or the word has changed; `false`: the time is
 * over, or a signal came.
 */
export function futexWait(
  word: Word,
  value: number,
  atMostMs?: number,
): boolean {
  if (atMostMs !== undefined) {
    timespec[0] = BigInt(Math.trunc(atMostMs / 1000));
    timespec[1] = BigInt((atMostMs % 1000) * 1_000_000);
  }
  const most = atMostMs === undefined ? null : timespec;
  const slept = libc().futex(SYS_FUTEX, word, FUTEX_WAIT, value, most);
  if (slept === 0) return true;
  const error = errno();
  if (error === EAGAIN) return true; // it had another value already
  if (error === ETIMEDOUT || error === EINTR) return false;
  throw new SystemError("wait with futex", error);
}

/** Wakes at most `count` of the threads that sleep on the word. */
export function futexWake(word: Word, count: number): void {
  if (libc().futex(SYS_FUTEX, word, FUTEX_WAKE, count, null) < 0) {
    throw new SystemError("wake with futex", errno());
  }
}
