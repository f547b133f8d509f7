/**
 * How the cost grows with the number of producers and consumers.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import type { Mechanism } from "../channel/mod.ts";
import { Crowd } from "./crowd.ts";
import { Pair } from "./pair.ts";
import { WARM_UP_SECONDS } from "./plan.ts";
import { spread } from "./summary.ts";

/** How many producers, and how many consumers. */
export const COUNTS: readonly number[] = [1, 2, 4, 8];

/** Bytes of a message. */
const SIZE = 100;

/**
 * How many messages each pair's channels hold: one is on its way at a time. The
 * kernel gives all queues of a user together 800 KiB, mq_overview(7), so sixteen
 * large ones would not fit.
 */
const CAPACITY = 2;

/** The figures of one mechanism, with so many on each side. */
export interface Growth {
  mechanism: string;
  /** How many pairs had round trips at once, each on channels of its own. */
  pairs: number;
  /** Microseconds of a round trip: the median pair's p50. */
  p50: number;
  /** How many producers sent on one channel. */
  producers: number;
  /** How many consumers received: one where a channel is a stream of bytes. */
  consumers: number;
  /** Messages a second, one in each write. */
  perSecond: number;
  /** Bytes that a producer or a consumer keeps in memory; of workers, all. */
  memory: number;
}

/** Measures one mechanism with so many on each side, each figure so long. */
export async function measureGrowth(
  mechanism: Mechanism,
  count: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Growth> {
  // Records of a stream would be torn between several consumers.
  const consumers = mechanism.properties.boundaries ? count : 1;
  const conditions = { wait: "block", size: SIZE, seconds } as const;
  const p50 = await measurePairs(mechanism, count, conditions, signal);
  await using crowd = await Crowd.start(mechanism, count, consumers, signal);
  await abortable(crowd.oneWay(SIZE, WARM_UP_SECONDS), signal);
  const { count: arrived, seconds: taken, memory } = await abortable(
    crowd.oneWay(SIZE, seconds),
    signal,
  );
  return {
    mechanism: mechanism.name,
    pairs: count,
    p50,
    producers: count,
    consumers,
    perSecond: arrived / taken,
    memory: Math.max(...memory),
  };
}

/** Round trips of several pairs at once. @returns The median of their p50. */
async function measurePairs(
  mechanism: Mechanism,
  count: number,
  conditions: { wait: "block"; size: number; seconds: number },
  signal: AbortSignal,
): Promise<number> {
  await using started = new AsyncDisposableStack();
  const pairs: Pair[] = [];
  const { capacity } = mechanism.properties;
  const chosen = "chosen" in capacity && capacity.chosen;
  for (let i = 0; i < count; i++) {
    pairs.push(
      started.use(
        await Pair.start(mechanism, signal, chosen ? CAPACITY : undefined),
      ),
    );
  }
  const trips = (seconds: number) =>
    pairs.map((pair) => pair.roundTrip({ ...conditions, seconds }));
  await abortable(Promise.all(trips(WARM_UP_SECONDS)), signal);
  const all = Promise.all(trips(conditions.seconds));
  const measured = await abortable(all, signal);
  return spread(measured.map(({ p50 }) => p50)).median;
}
