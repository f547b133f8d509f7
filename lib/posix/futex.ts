/**
 * Sleeping on a word of memory that several processes share: futex(2).
 *
 * @module
 */
import { constants as os } from "node:os";
import type { BlockingParking, Parking } from "../shared_memory/parking.ts";
import { errno, libc, SystemError } from "./libc.ts";
import { inSlices } from "./slice.ts";

const { EAGAIN, EINTR, ETIMEDOUT } = os.errno;

// The number of the system call, <asm/unistd.h>.
const SYS_FUTEX = Deno.build.arch === "aarch64" ? 98n : 202n;
// Without FUTEX_PRIVATE_FLAG: the others are in other processes.
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const ALL = 0x7fff_ffff;

const timespec = new BigInt64Array(2); // seconds, nanoseconds

/**
 * Parking between processes, on memory from `openShared`. As between threads,
 * a wait that is aborted just ends.
 */
export const futexParking: Parking = {
  async wait(words, index, value, atMost, signal) {
    const word = words.subarray(index, index + 1);
    try {
      await inSlices((ms) => sleep(word, value, ms), signal, atMost);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  },
  wake: (words, index) => wake(words, index, ALL),
};

/**
 * The same for those who have nothing else to do: the thread sleeps in the
 * kernel, so that meanwhile not even a signal's listener runs.
 */
export const blockingFutexParking: BlockingParking = {
  wait(words, index, value) {
    sleep(words.subarray(index, index + 1), value);
  },
  wake,
};

function wake(
  words: Int32Array<ArrayBufferLike>,
  index: number,
  count: number,
): void {
  const word = words.subarray(index, index + 1);
  if (libc().futex(SYS_FUTEX, word, FUTEX_WAKE, count, null) < 0) {
    throw new SystemError("wake with futex", errno());
  }
}

/** Sleeps for `ms` at most, or for ever; `true`: woken, or the word has changed. */
function sleep(
  word: Int32Array<ArrayBufferLike>,
  value: number,
  ms?: number,
): boolean {
  const { futex } = libc();
  if (ms !== undefined) {
    timespec[0] = BigInt(Math.trunc(ms / 1000));
    timespec[1] = BigInt((ms % 1000) * 1_000_000);
  }
  const most = ms === undefined ? null : timespec;
  if (futex(SYS_FUTEX, word, FUTEX_WAIT, value, most) === 0) return true;
  const error = errno();
  if (error === EAGAIN) return true; // it had another value already
  if (error === ETIMEDOUT || error === EINTR) return false;
  throw new SystemError("wait with futex", error);
}
