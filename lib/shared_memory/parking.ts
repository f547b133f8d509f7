/**
 * Sleeping on a word of shared memory until another changes it and wakes us, as
 * futex(2) does. Between threads that is `Atomics`; between processes see
 * `process_parking.ts`.
 *
 * @module
 */

/** How to sleep on a word of shared memory, as futex(2) does. */
export interface Parking {
  /**
   * Sleeps while the word has that value: until woken, or the signal is aborted,
   * or for at most that many milliseconds.
   */
  wait(
    words: Int32Array<ArrayBufferLike>,
    index: number,
    value: number,
    atMostMs: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Wakes all that sleep on the word. */
  wake(words: Int32Array<ArrayBufferLike>, index: number): void;
}

/** Parking between the threads of one process. */
export const threadParking: Parking = {
  async wait(words, index, value, atMostMs, signal) {
    const sleep = Atomics.waitAsync(words, index, value, atMostMs);
    if (!sleep.async) return;
    const wake = () => Atomics.notify(words, index); // all, and so us, too
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
    await sleep.value;
    signal.removeEventListener("abort", wake);
  },
  wake: (words, index) => void Atomics.notify(words, index),
};

/** How to sleep on a word of shared memory, and let nothing else run meanwhile. */
export interface BlockingParking {
  /** Sleeps while the word has that value. May return early, for no reason. */
  wait(
    words: Int32Array<ArrayBufferLike>,
    index: number,
    value: number,
  ): void;
  /** Wakes at most that many of those that sleep on the word. */
  wake(words: Int32Array<ArrayBufferLike>, index: number, count: number): void;
}

/** Between the workers of one process. */
export const blockingThreadParking: BlockingParking = {
  wait: (words, index, value) => void Atomics.wait(words, index, value),
  wake: (words, index, count) => void Atomics.notify(words, index, count),
};
