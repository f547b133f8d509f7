/**
 * Turns for the event loop, in code that would not otherwise wait.
 *
 * @module
 */

const NOTHING = new Uint8Array(0);

/**
 * Lets timers, signals, and bytes that come through the event loop have their
 * turn. To hear signals it must really wait: `setImmediate` is not enough, and a
 * timer takes over 2 ms. This is a hop to another thread and back, 0.1 ms.
 */
export async function eventLoop(): Promise<void> {
  await crypto.subtle.digest("SHA-1", NOTHING);
}

/**
 * Gives the event loop its turn in a loop that never waits. Without it Ctrl-C
 * would go unheard, for signals are delivered between two tasks.
 */
export class Turn {
  #looks = 0;
  #last = performance.now();
  readonly #everyMs: number;

  /** @param everyMs Milliseconds from turn to turn. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Is it time? Cheap: it reads the clock once in 256 calls. */
  due(): boolean {
    return (++this.#looks & 255) === 0 &&
      performance.now() - this.#last > this.#everyMs;
  }

  /** Gives everybody else their turn. */
  async pass(): Promise<void> {
    await eventLoop();
    this.#last = performance.now();
  }
}
