/**
 * Turns for the event loop, in code that would otherwise never wait.
 *
 * @module
 */

const NOTHING = new Uint8Array(0);

/**
 * Runs the event loop once: timers, signals, and bytes that come through it.
 * Signals come only in a real wait: `setImmediate` is not enough, and a timer
 * takes over 2 ms. This one goes to another thread and back, in 0.1 ms.
 */
export async function eventLoop(): Promise<void> {
  await crypto.subtle.digest("SHA-1", NOTHING);
}

/**
 * Runs the event loop now and then, in a loop that never waits. Without it,
 * Ctrl-C would have no effect, as signals are delivered between two tasks.
 */
export class Turn {
  #looks = 0;
  #last = performance.now();
  readonly #everyMs: number;

  /** @param everyMs Milliseconds from turn to turn. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Is it time? Cheap, as it reads the clock only once in 256 calls. */
  due(): boolean {
    return (++this.#looks & 255) === 0 &&
      performance.now() - this.#last > this.#everyMs;
  }

  /** Runs the event loop. */
  async pass(): Promise<void> {
    await eventLoop();
    this.#last = performance.now();
  }
}
