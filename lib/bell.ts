/**
 * Waiting for something that the event loop tells.
 *
 * @module
 */

/** Something that may have happened, and those who wait for it. */
export class Bell {
  #rung = Promise.withResolvers<void>();

  ring(): void {
    this.#rung.resolve();
    this.#rung = Promise.withResolvers();
  }

  /** Resolves at the next ring. @throws The signal's reason, once aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#rung.promise, promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}
