/**
 * Turns for the event loop, in code that would otherwise never wait.
 *
 * @module
 */
import { delay } from "@std/async/delay";

const NOTHING = new Uint8Array(0);
/** How often (ms) a turn waits for a timer, so that signals come. */
const SIGNALS_MS = 100;

let signalsMs = performance.now(); // when signals last could come

/**
 * Runs the event loop once: timers, and bytes that come through it. This goes
 * to another thread and back, in 0.1 ms; `setImmediate` is not enough.
 *
 * Signals come only when the event loop has nothing to do and asks the kernel.
 * If the other thread is fast, it never has: the runtime then asks in every 61st
 * turn only, which may be 6 seconds. So one turn in 100 ms is a timer's, which
 * takes over 2 ms.
 */
export async function eventLoop(): Promise<void> {
  const now = performance.now();
  if (now - signalsMs < SIGNALS_MS) {
    await crypto.subtle.digest("SHA-1", NOTHING);
    return;
  }
  signalsMs = now;
  await delay(0);
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
