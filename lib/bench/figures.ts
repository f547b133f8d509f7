/**
 * The figures that docs/performance.md shows, as they lie in its file.
 *
 * @module
 */
import type { Growth } from "./growth.ts";
import type { Conduct, Machine } from "./machine.ts";
import type { Result } from "./result.ts";

/** The content of docs/performance.json. */
export interface Performance {
  /** The version of this project. */
  version: string;
  /** When it began, ISO 8601. */
  started: string;
  machine: Machine;
  /** Deno's version. */
  deno: string;
  /** Runs of all that is compared, one after the other. */
  runs: Run[];
  /** The medians of as many rounds. */
  growth: Growth[];
}

/** One run of all that is compared. */
export interface Run {
  conduct: Conduct;
  /** How many rounds the medians are of. */
  rounds: number;
  leftOut: string[];
  results: Result[];
  /** Lines a second through a FIFO with `--quiet`, and by C's stdio. */
  lines: { ours: number; c?: number };
  /** Milliseconds to the first line of `producer`, and of `deno eval ''`. */
  start: { producer: number; empty: number };
  /** The part of a processor that a waiting side takes, 0 to 1. */
  idle: Record<string, number>;
}

/** One result a line, four digits a fraction: a file that git can compare. */
export function asJson(data: Performance): string {
  const rows = (values: unknown[]) =>
    `[\n${values.map((value) => short(value)).join(",\n")}\n]`;
  const runs = data.runs.map((run) => {
    const { results, ...rest } = run;
    return `${short(rest).slice(0, -1)},"results":${rows(results)}}`;
  });
  const { runs: _, growth, ...head } = data;
  return `${JSON.stringify(head).slice(0, -1)},\n"growth":${rows(growth)},\n` +
    `"runs":[\n${runs.join(",\n")}\n]}\n`;
}

function short(value: unknown): string {
  return JSON.stringify(
    value,
    (_, value) =>
      typeof value === "number" && !Number.isInteger(value)
        ? Number(value.toPrecision(4))
        : value,
  );
}
