/**
 * Mutual exclusion on one word of shared memory, between threads or processes:
 * one holds the mutex, and the others sleep until they are woken. If no other
 * wants it, to lock and to unlock costs one atomic step each, and no system
 * call: the kernel does not even know that the mutex exists.
 *
 * After Ulrich Drepper, "Futexes Are Tricky", the third mutex.
 *
 * @module
 */
import { type BlockingParking, blockingThreadParking } from "./parking.ts";

// The values of the word.
const FREE = 0;
const LOCKED = 1; // and no other waits for it
const WANTED = 2; // locked, and others may sleep until it is free

/**
 * The mutex. Its word must be 0 at first. To lock it twice is to wait for ever.
 * If its owner is killed, all others wait for ever: only the owner unlocks it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const words = new Int32Array(new SharedArrayBuffer(8));
 * const mutex = new Mutex(words, 0);
 * mutex.lock();
 * words[1] = words[1] + 1; // no other changes it meanwhile
 * mutex.unlock();
 * assertEquals([...words], [0, 1]);
 * ```
 */
export class Mutex {
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #index: number;
  readonly #parking: BlockingParking;

  /**
   * Makes a mutex on one word of memory that all its users share.
   *
   * @param index The word's index.
   * @param parking How to sleep; by default between the workers of one process.
   * @throws {RangeError} If there is no such word.
   */
  constructor(
    words: Int32Array<ArrayBufferLike>,
    index: number,
    parking: BlockingParking = blockingThreadParking,
  ) {
    if (!(Number.isInteger(index) && index >= 0 && index < words.length)) {
      throw new RangeError(
        `Cannot make a mutex as 'index' must be from 0 to ${
          words.length - 1
        }: current value is ${index}`,
      );
    }
    this.#words = words;
    this.#index = index;
    this.#parking = parking;
  }

  /** Locks the mutex; sleeps until it is free. */
  lock(): void {
    const words = this.#words;
    const index = this.#index;
    if (Atomics.compareExchange(words, index, FREE, LOCKED) === FREE) return;
    // Mark it as wanted. If it was free, it is now ours. It stays marked, as
    // others may still sleep; at worst, unlock() wakes once too often.
    while (Atomics.exchange(words, index, WANTED) !== FREE) {
      this.#parking.wait(words, index, WANTED);
    }
  }

  /**
   * Unlocks the mutex, and wakes one thread that sleeps.
   *
   * @throws {Error} If it is not locked.
   */
  unlock(): void {
    const before = Atomics.exchange(this.#words, this.#index, FREE);
    if (before === FREE) {
      throw new Error("Cannot unlock a mutex that is not locked");
    }
    if (before === WANTED) this.#parking.wake(this.#words, this.#index, 1);
  }
}
