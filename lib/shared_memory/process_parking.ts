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
 * Parking between processes, on memory from `openShared`. An aborted wait ends
 * and throws nothing, as between threads.
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
 * The same for a process that has nothing else to do. Its thread sleeps in the
 * kernel; meanwhile not even the listener of a signal runs.
 */
export const blockingProcessParking: BlockingParking = {
  wait(words, index, value) {
    futexWait(words.subarray(index, index + 1), value);
  },
  wake(words, index, count) {
    futexWake(words.subarray(index, index + 1), count);
  },
};
