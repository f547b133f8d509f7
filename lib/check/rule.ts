/**
 * What a rule is, and what it says of a run.
 *
 * @module
 */
import type { Evidence, Expectation } from "./evidence.ts";

/** What a rule finds. */
export interface Finding {
  /** `undefined`: what is known of the run does not tell. */
  ok: boolean | undefined;
  /** No busy machine could make a right program look so. */
  sure?: boolean;
  /** What was seen, in a few words. */
  got: string;
  /** What should have been seen, if it was not. */
  expected?: string;
  /** The line of the log (an index) at which it went wrong. */
  line?: number;
  /** The likely mistake, in one sentence. */
  hint?: string;
}

/** A rule of the sheet. */
export interface Rule {
  number: number;
  title: string;
  /** What it is worth, of 100. */
  points: number;
  /** Rules without which this one says nothing. */
  needs: readonly number[];
  /** Can a machine that is too busy break it? */
  timed: boolean;
  find(evidence: Evidence, expectation: Expectation): Finding;
}

/** The values 1 to `count`. */
export function valuesTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** `1 2 3`, shortened. */
export function words(values: readonly (number | undefined)[]): string {
  if (values.length === 0) return "nothing";
  const most = 15;
  return values.slice(0, most).join(" ") +
    (values.length > most ? ` ... (${values.length} values)` : "");
}
