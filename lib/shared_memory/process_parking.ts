/**
 * Parking between processes, by futex(2).
 *
 * @module
 */
import { futexWait, futexWake } from "../posix/futex.ts";
import { inSlices } from "../posix/slice.ts";
import type { BlockingParking, Parking } from "./parking.ts";

const ALL = 0x7fff_ffff;

/**
 * Parking between processes, on memory from `openShared`. As between threads,
 * a wait that is aborted just ends.
 */
export const processParking: Parking = {
  async wait(words, index, value, atMostMs, signal) {
    const word = words.subarray(index, index + 1);
    try {
      await inSlices((ms) => futexWait(word, value, ms), signal, atMostMs);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  },
  wake: (words, index) => futexWake(words.subarray(index, index + 1), ALL),
};

/**
 * The same for a process that has nothing else to do: its thread sleeps in the
 * kernel, so that meanwhile not even a signal's listener runs.
 */
export const blockingProcessParking: BlockingParking = {
  wait(words, index, value) {
    futexWait(words.subarray(index, index + 1), value);
  },
  wake(words, index, count) {
    futexWake(words.subarray(index, index + 1), count);
  },
};
