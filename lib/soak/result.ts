/**
 * What came of a round, and the sum of many.
 *
 * @module
 */
import { type Account, emptyAccount } from "./account.ts";

/** The counts of a round, and what is unexplained, in words. */
export interface Result extends Account {
  /** How often kill -9 hit a process at work. */
  kills: number;
  /** How often another signal did. */
  signals: number;
  /** Bad messages, written by hostile peers, that a consumer refused. */
  refused: number;
  /** Values that came behind the half message of a hostile peer. */
  spoilt: number;
  /** Channels that were there when both ends had been killed. */
  left: number;
}

/** What came of all rounds over one mechanism. */
export type Total = Result & { via: string };

/** Nothing has happened yet. */
export function emptyResult(): Result {
  return {
    ...emptyAccount(),
    kills: 0,
    signals: 0,
    refused: 0,
    spoilt: 0,
    left: 0,
  };
}

/** Adds the counts of a round to a sum; its words are left out. */
export function add(sum: Result, { words: _, ...counts }: Result): void {
  const mostLost = Math.max(sum.mostLost, counts.mostLost);
  for (const key of Object.keys(counts) as (keyof typeof counts)[]) {
    sum[key] += counts[key];
  }
  sum.mostLost = mostLost;
}
