/**
 * When to do what costs more than the look that it goes with.
 *
 * @module
 */

/** Milliseconds from one time to the next. */
const EVERY_MS = 10;

/** Looks at most from one time to the next. */
const MOST_LOOKS = 1 << 16;

/**
 * A rate limit: says when something is due, every time where looks are rare, and
 * about every 10 ms where they come in a rush. It does not read the clock at
 * each look, for reading the clock costs as much as a system call.
 */
export class RateLimit {
  #looks = 1; // until the next time
  #period = 1; // looks from the last time to the next
  #last = -Infinity; // in ms

  /** Counts a look. Is it time? */
  due(): boolean {
    if (--this.#looks > 0) return false;
    const now = performance.now();
    const rush = now - this.#last < EVERY_MS;
    this.#period = rush ? Math.min(2 * this.#period, MOST_LOOKS) : 1;
    this.#looks = this.#period;
    this.#last = now;
    return true;
  }

  /** Makes the next look due. */
  reset(): void {
    this.#looks = 1;
  }
}
