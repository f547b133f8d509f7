/**
 * Sleeping until something in this process has changed.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";

/** Wakes all who sleep until the next change. */
export class Change {
  #next = Promise.withResolvers<void>();

  /** Wakes them. */
  happened(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Sleeps until the next change. @throws The signal's reason, if aborted. */
  next(signal: AbortSignal): Promise<void> {
    return abortable(this.#next.promise, signal);
  }
}
