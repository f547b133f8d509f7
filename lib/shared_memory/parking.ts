/**
 * Sleeping on a word of shared memory until another thread changes it and wakes
 * us, as futex(2) does. Between the threads of one process, `Atomics` does it;
 * between processes, see `process_parking.ts`.
 *
 * @module
 */

/** How to sleep on a word of shared memory, as futex(2) does. */
export interface Parking {
  /**
   * Sleeps as long as the word has that value: until it is woken, the signal is
   * aborted, or `atMostMs` milliseconds are over.
   */
  wait(
    words: Int32Array<ArrayBufferLike>,
    index: number,
    value: number,
    atMostMs: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Wakes all threads that sleep on the word. */
  wake(words: Int32Array<ArrayBufferLike>, index: number): void;
}

/** Parking between the threads of one process. */
export const threadParking: Parking = {
  async wait(words, index, value, atMostMs, signal) {
    const sleep = Atomics.waitAsync(words, index, value, atMostMs);
    if (!sleep.async) return;
    const wake = () => Atomics.notify(words, index); // wakes all, us too
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
    await sleep.value;
    signal.removeEventListener("abort", wake);
  },
  wake: (words, index) => void Atomics.notify(words, index),
};

/** How to sleep on a word of shared memory and block the whole thread. */
export interface BlockingParking {
  /** Sleeps as long as the word has that value. May return early, by chance. */
  wait(
    words: Int32Array<ArrayBufferLike>,
    index: number,
    value: number,
  ): void;
  /** Wakes at most `count` of the threads that sleep on the word. */
  wake(words: Int32Array<ArrayBufferLike>, index: number, count: number): void;
}

/** Blocking parking between the workers of one process. */
export const blockingThreadParking: BlockingParking = {
  wait: (words, index, value) => void Atomics.wait(words, index, value),
  wake: (words, index, count) => void Atomics.notify(words, index, count),
};
