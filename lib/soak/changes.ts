/**
 * Waiting for something that other processes do.
 *
 * @module
 */

/** Wakes what waits, each time when something has happened. */
export class Changes {
  #next = Promise.withResolvers<void>();

  /** Something has happened: let those that wait look again. */
  notify(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /**
   * Waits until something is so.
   *
   * @param atMostMs Milliseconds after which it gives up.
   * @returns Is it so now?
   * @throws The signal's reason, once it is aborted.
   */
  async until(
    isSo: () => boolean,
    atMostMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    let over = false;
    const wake = () => this.notify();
    const timer = setTimeout(() => {
      over = true;
      wake();
    }, atMostMs);
    signal.addEventListener("abort", wake);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (isSo()) return true;
        if (over) return false;
        await this.#next.promise;
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
    }
  }
}
