import type { Clock } from "../../lib/wait/mod.ts";

/** A clock whose time passes at once, when the test says so. */
export class VirtualClock implements Clock {
  #now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", () => reject(signal.reason));
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
    });
  }

  /** Lets time pass until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    work.catch(() => {}).finally(() => done = true);
    for (;;) {
      // A task by itself: by then, all code that does not sleep has run.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (done) return await work;
      this.#sleepers.sort((a, b) => a.at - b.at); // stable: first come, first served
      const next = this.#sleepers.shift();
      if (!next) throw new Error("Nobody sleeps and the work is not done");
      this.#now = next.at;
      next.wake();
    }
  }
}
