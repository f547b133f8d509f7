/**
 * A limit on how often a check is made that costs more than a look.
 *
 * @module
 */

/** Milliseconds from one check to the next. */
const EVERY_MS = 10;

/** The most looks from one check to the next. */
const MOST_LOOKS = 1 << 16;

/**
 * A rate limit: tells when a check is due. If looks are rare, that is at each
 * look; if they come in a rush, about every 10 ms. It does not read the clock
 * at each look, as reading the clock costs as much as a system call.
 */
export class RateLimit {
  #looks = 1; // until the next check
  #period = 1; // looks from the last check to the next
  #last = -Infinity; // ms, when the last check was due

  /** Counts a look. Is the check due? */
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
