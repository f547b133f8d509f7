/**
 * The race while it runs: the word's value, and how many updates are lost.
 *
 * @module
 */
import type { Entry } from "../observe/recording.ts";
import { processMemory, startWriter, type Writer } from "../race/start.ts";
import { type Lock, progressOf } from "../race/writer.ts";

/** How often (ms) to look. */
const LOOK_MS = 100;
const WRITERS = 2;
/** How many increments each writer makes: some seconds. */
const TIMES: Record<Lock, number> = {
  none: 1_000_000_000,
  atomic: 200_000_000,
  mutex: 20_000_000,
};

/** A race between two processes. */
export class LiveRace {
  readonly #memory = processMemory(WRITERS);
  readonly #writers: Writer[] = [];
  readonly #lock: Lock;
  readonly #tell: (entry: Entry) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #over: Promise<unknown>;

  constructor(lock: Lock, tell: (entry: Entry) => void) {
    this.#lock = lock;
    this.#tell = tell;
    for (let writer = 0; writer < WRITERS; writer++) {
      const job = { writer, writers: WRITERS, times: TIMES[lock], lock };
      this.#writers.push(startWriter(this.#memory, job));
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    const all = this.#writers.map(({ finished }) => finished);
    this.#over = Promise.allSettled(all).then(() => {
      clearInterval(this.#timer);
      this.#look();
    });
  }

  #look() {
    const { done, counter } = progressOf(this.#memory.memory, WRITERS);
    const lost = Math.max(0, done - counter);
    this.#tell({
      ...{ time: new Date().toISOString(), level: "INFO", logger: "race" },
      ...{ pid: Deno.pid, event: "race", lock: this.#lock },
      ...{ value: counter, done, lost, expected: WRITERS * TIMES[this.#lock] },
      message: `${this.#lock}: the word is ${counter}, ` +
        `at least ${lost} of ${done} updates were lost`,
    });
  }

  /** Ends it. */
  async end(): Promise<void> {
    for (const { stop } of this.#writers) stop();
    await this.#over;
    this.#memory[Symbol.dispose]();
  }
}
