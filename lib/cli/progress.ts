/**
 * The progress of a run with `--quiet`: a bar on a terminal, and the figures
 * for the summary line.
 *
 * @module
 */
import type { SingleBar } from "cli-progress";
import type { Summary } from "./log.ts";
import { type Clock, systemClock } from "../wait/mod.ts";

/** Counts values, and draws the bar, if there is one. */
export class Progress implements Disposable {
  /** How many values have moved so far. */
  count = 0;
  #clock: Clock;
  #first?: number; // ms, when the first value moved
  #total: number;
  #bar?: SingleBar;

  private constructor(clock: Clock, total = 0, bar?: SingleBar) {
    this.#clock = clock;
    this.#total = total;
    this.#bar = bar;
  }

  /** Counts, and draws nothing. */
  static silent(clock: Clock = systemClock): Progress {
    return new Progress(clock);
  }

  /**
   * Counts, and draws on standard error if that is a terminal.
   *
   * @param total How many values are expected; 0 if that is not known.
   */
  static async onTerminal(name: string, total: number): Promise<Progress> {
    if (!Deno.stderr.isTerminal()) return Progress.silent();
    const { SingleBar } = await import("cli-progress");
    const format = total > 0
      ? `${name} [{bar}] {percentage}% | {value}/{total} | ETA {eta_formatted}`
      : `${name} {value} values | {duration_formatted}`;
    // Change no setting of the terminal: kill -9 could not set it back.
    // Nor fill 80 columns at seven digits: the next line would be ours, too.
    const terminal = { hideCursor: false, linewrap: true, barsize: 30 };
    const bar = new SingleBar({ format, clearOnComplete: true, ...terminal });
    return new Progress(systemClock, total, bar);
  }

  /** Call it when the first value moves. */
  begin(): void {
    if (this.#first !== undefined) return;
    this.#first = this.#clock.now();
    this.#bar?.start(this.#total, 0);
  }

  /** Draws the count. Call it now and then. */
  show(): void {
    if (this.#first !== undefined) this.#bar?.update(this.count);
  }

  /** Takes the bar away. @returns The figures for the summary line. */
  finish(): Summary {
    this.#bar?.stop();
    const now = this.#clock.now();
    return { count: this.count, seconds: (now - (this.#first ?? now)) / 1000 };
  }

  [Symbol.dispose]() {
    this.#bar?.stop();
  }
}
