/**
 * What happens to the processes of a round, chosen at random.
 *
 * @module
 */
import type { Part } from "./peer.ts";
import { ASKING, type Signal } from "./signals.ts";
import { oneOf, type Random } from "./random.ts";

/** Something that happens to one process, or to both. */
export type Event = {
  parts: readonly Part[];
  /** How many values the first of them moves before it happens. */
  after: number;
  /** First SIGSTOP, for so long (ms); then SIGCONT, or kill -9 at once. */
  stoppedMs?: number;
  /** How they end; `undefined`: they go on. */
  by?: Signal;
};

const PARTS = ["producer", "consumer"] as const;
const BOTH = ["consumer", "producer"] as const;
/** A process moves up to so many values before something happens to it. */
const MOST_VALUES = 2000;
const MOST_STOPPED_MS = 30;

/** Chooses what happens next. @param killsLeft 1 or more. */
export function nextEvent(random: Random, killsLeft: number): Event {
  const after = 1 + random(MOST_VALUES);
  const parts = [oneOf(random, PARTS)];
  const dice = random(100);
  if (dice < 10 && killsLeft >= BOTH.length) {
    return { parts: BOTH, after, by: "SIGKILL" };
  }
  if (dice < 65) return { parts, after, by: "SIGKILL" };
  const stoppedMs = random(MOST_STOPPED_MS);
  if (dice < 75) return { parts, after, stoppedMs, by: "SIGKILL" };
  if (dice < 85) return { parts, after, stoppedMs };
  return { parts, after, by: oneOf(random, ASKING) };
}
