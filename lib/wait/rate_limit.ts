/**
 * When to do what costs more than the look that it goes with.
 *
 * @module
 */

/** Milliseconds from one time to the next. */
const EVERY = 10;

/** Many looks at most from one time to the next. */
const MOST = 1 << 16;

/**
 * Says when something is due: every time where looks are rare, about every 10
 * ms where they come in a rush. Without a clock at each look, for to read that
 * costs as much as a system call.
 */
export class Seldom {
  #looks = 1; // until the next time
  #period = 1; // looks from the last time to the next
  #last = -Infinity; // in ms

  /** Counts a look. Is it time? */
  due(): boolean {
    if (--this.#looks > 0) return false;
    const now = performance.now();
    const rush = now - this.#last < EVERY;
    this.#period = rush ? Math.min(2 * this.#period, MOST) : 1;
    this.#looks = this.#period;
    this.#last = now;
    return true;
  }

  /** The next look is due. */
  reset(): void {
    this.#looks = 1;
  }
}
