/**
 * What is measured in a round, and how long that takes.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { BASELINES } from "./baseline.ts";
import type { BenchOptions } from "./flags.ts";
import type { Subject } from "./measure.ts";
import type { Pair } from "./pair.ts";
import { Peer } from "./peer.ts";
import type { Waiting } from "./result.ts";

/** Bytes of a write that carries many messages. */
const BATCH_BYTES = 4096;

/**
 * Before the first round each figure is measured no longer than this, to warm up
 * the compiler, the caches and the buffers.
 */
export const WARM_UP_SECONDS = 0.02;

/** A peer's program takes about so long to start, for each figure anew. */
const PEER_START_SECONDS = 0.1;

/** What is measured, how it waits, and how long its messages are. */
export interface Combination {
  subject: Subject;
  wait: Waiting;
  size: number;
}

/** How to measure: the options of `bench` that matter here. */
export type RoundsOptions = Pick<
  BenchOptions,
  | "via"
  | "named"
  | "server"
  | "waits"
  | "sizes"
  | "seconds"
  | "rounds"
  | "capacity"
  | "atMostSeconds"
>;

/** How many messages one write carries, where it carries many. */
export function batchOf({ limit }: Subject, size: number): number {
  return Math.max(1, Math.floor(Math.min(BATCH_BYTES, limit) / size));
}

/** About how long all takes (s). */
export function duration(
  plan: Combination[],
  { seconds, rounds }: RoundsOptions,
): number {
  const each = plan.map(({ subject, size }) => {
    const figures = batchOf(subject, size) > 1 ? 3 : 2;
    const extra = subject instanceof Peer
      ? PEER_START_SECONDS * rounds
      : WARM_UP_SECONDS;
    return figures * (seconds + extra);
  });
  return each.reduce((sum, seconds) => sum + seconds, 0);
}

/** All that is to be measured, in the order of a round. */
export function combinations(
  { sizes, waits, named }: RoundsOptions,
  pairs: Pair[],
  peers: Peer[],
  leaveOut: (what: string) => void,
): Combination[] {
  for (const { name, limit } of pairs) {
    const tooLong = sizes.filter((size) => size > limit);
    if (named && tooLong.length === sizes.length) {
      throw new LabError(
        `Cannot measure ${name} with --size=${sizes}: it takes ${limit} at most`,
      );
    }
    if (tooLong.length > 0) {
      leaveOut(
        `${name} with ${
          tooLong.join(" and ")
        } bytes, as it takes ${limit} at most`,
      );
    }
  }
  const fits = (size: number) => ({ limit }: Subject) => size <= limit;
  return sizes.flatMap((size) => [
    ...BASELINES.map((subject) => ({ subject, wait: "" as const, size })),
    ...waits.flatMap((wait) =>
      pairs.filter(fits(size)).map((subject) => ({ subject, wait, size }))
    ),
    ...peers.filter(fits(size))
      .map((subject) => ({ subject, wait: subject.wait, size })),
  ]);
}
