/**
 * The race while it runs: the word's value, and how many updates are lost.
 *
 * @module
 */
import { sendSignal } from "../lab/child.ts";
import type { Entry } from "../observe/recording.ts";
import { Watcher } from "../observe/watcher.ts";
import { processMemory, startWriter, type Writer } from "../race/start.ts";
import { type Lock, progressOf } from "../race/writer.ts";
import type { PageSignal } from "./actor.ts";

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
  readonly #running = new Set<number>();
  readonly #watcher: Watcher;
  #stopped = false;
  readonly #lock: Lock;
  readonly #tell: (entry: Entry) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #over: Promise<unknown>;

  constructor(lock: Lock, tell: (entry: Entry) => void) {
    this.#lock = lock;
    this.#tell = tell;
    this.#watcher = new Watcher(tell);
    for (let writer = 0; writer < WRITERS; writer++) {
      const job = { writer, writers: WRITERS, times: TIMES[lock], lock };
      this.#add(startWriter(this.#memory, job));
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    const all = this.#writers.map(({ finished }) => finished);
    this.#over = Promise.allSettled(all).then(() => {
      clearInterval(this.#timer);
      this.#look();
    });
  }

  #add(writer: Writer) {
    this.#writers.push(writer);
    const { pid = 0, title, finished } = writer;
    this.#running.add(pid);
    this.#watcher.add(pid);
    const command = `race --via=shm --lock=${this.#lock}`;
    const part = { logger: title.replace(/,.*/, ""), part: "writer", command };
    this.#tell({ time: now(), event: "process", pid, ...part });
    const ended = (how: string) => {
      this.#running.delete(pid);
      this.#watcher.remove(pid);
      this.#tell({ time: now(), event: "end", pid, how });
    };
    finished.then(
      () => ended(this.#stopped ? "SIGKILL" : "exit code 0"),
      ({ message }) => ended(message.replace(/.*, /, "")),
    );
  }

  /** Sends a signal to a writer. @returns `false`: it is none, or has ended. */
  signal(pid: unknown, signal: PageSignal): boolean {
    if (typeof pid !== "number" || !this.#running.has(pid)) return false;
    if (!sendSignal(pid, signal)) return false;
    this.#tell({ time: now(), event: "signal", pid, signal });
    return true;
  }

  #look() {
    const { done, counter } = progressOf(this.#memory.memory, WRITERS);
    const lost = Math.max(0, done - counter);
    this.#tell({
      ...{ time: now(), level: "INFO", logger: "race" },
      ...{ pid: Deno.pid, event: "race", lock: this.#lock },
      ...{ value: counter, done, lost, expected: WRITERS * TIMES[this.#lock] },
      message: `${this.#lock}: the word is ${counter}, ` +
        `at least ${lost} of ${done} updates were lost`,
    });
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.#stopped = true;
    for (const { stop } of this.#writers) stop();
    await this.#over;
    this.#watcher[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
  }
}

function now(): string {
  return new Date().toISOString();
}
