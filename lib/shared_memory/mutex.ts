/**
 * Mutual exclusion on one word of shared memory, between threads or processes:
 * whoever has locked the mutex is alone, and the others sleep until they are
 * woken. As long as nobody else wants it, it costs one atomic step to lock and
 * one to unlock, and the kernel does not even know that it exists.
 *
 * After Ulrich Drepper, "Futexes Are Tricky", the third mutex.
 *
 * @module
 */
import { type BlockingParking, blockingThreadParking } from "./parking.ts";

// What the word says.
const FREE = 0;
const LOCKED = 1; // and nobody waits for it
const WANTED = 2; // locked, and somebody may sleep until it is free

/**
 * The mutex. Its word must be 0 in the beginning. Who locks it twice waits for
 * ever, and so do all if its owner is killed: nobody is left to unlock it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const words = new Int32Array(new SharedArrayBuffer(8));
 * const mutex = new Mutex(words, 0);
 * mutex.lock();
 * words[1] = words[1] + 1; // nobody else is at it
 * mutex.unlock();
 * assertEquals([...words], [0, 1]);
 * ```
 */
export class Mutex {
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #index: number;
  readonly #parking: BlockingParking;

  /**
   * A mutex on one word of memory that all of its users share.
   *
   * @param index Which of the words it is.
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

  /** Returns when it is ours; sleeps until then. */
  lock(): void {
    const words = this.#words;
    const index = this.#index;
    if (Atomics.compareExchange(words, index, FREE, LOCKED) === FREE) return;
    // Say that we want it. Was it free at that moment, then it is ours: marked
    // as wanted, for we cannot know whether others sleep; one wake too many.
    while (Atomics.exchange(words, index, WANTED) !== FREE) {
      this.#parking.wait(words, index, WANTED);
    }
  }

  /**
   * Gives it back, and wakes one of those who sleep.
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
