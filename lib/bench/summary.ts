/**
 * Turns the figures of all rounds into results.
 *
 * @module
 */
import type { Flow, OneWay, Result, Round, Spread } from "./result.ts";

/**
 * The median of some values, the smallest and the largest of them.
 *
 * @param values At least one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(spread([5, 1, 2]), { median: 2, min: 1, max: 5 });
 * assertEquals(spread([4, 1]).median, 2.5);
 * ```
 */
export function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  // The value in the middle, or the mean of the two in the middle.
  const median = (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) /
    2;
  return { median, min: sorted[0], max: sorted[last] };
}

function oneWay(flows: Flow[], size: number): OneWay {
  const each = (figure: (flow: Flow) => number) => spread(flows.map(figure));
  return {
    perSecond: each(({ count, seconds }) => count / seconds),
    megabytesPerSecond: each(({ count, seconds }) =>
      count * size / seconds / 1e6
    ),
    cpuSecondsPerMillion: each(({ count, cpuSeconds }) =>
      cpuSeconds / count * 1e6
    ),
  };
}

/** The most that each process has kept in memory. */
function mostMemory(rounds: Round[]): number[] {
  const all = rounds.flatMap(({ single, batched }) => [
    single.memory,
    batched.memory,
  ]);
  return all[0].map((_, i) => Math.max(...all.map((bytes) => bytes[i])));
}

/** The result of each mechanism, way of waiting and size. */
export function summarize(rounds: Round[]): Result[] {
  const groups = Map.groupBy(
    rounds,
    ({ mechanism, wait, size }) => [mechanism, wait, size].join(),
  );
  return [...groups.values()].map((rounds) => {
    const [{ mechanism, wait, size }] = rounds;
    const trips = rounds.map(({ roundTrip }) => roundTrip);
    return {
      mechanism,
      wait,
      size,
      roundTrip: {
        p50: spread(trips.map(({ p50 }) => p50)),
        p99: spread(trips.map(({ p99 }) => p99)),
        mean: spread(trips.map(({ mean }) => mean)),
      },
      single: oneWay(rounds.map(({ single }) => single), size),
      batched: oneWay(rounds.map(({ batched }) => batched), size),
      lost: {
        shared: spread(rounds.map(({ lost }) => lost.shared)).median,
        stolen: spread(rounds.map(({ lost }) => lost.stolen)).median,
      },
      memory: mostMemory(rounds),
      rounds: rounds.length,
    };
  });
}

/**
 * The medians of several runs of one combination, each figure by itself.
 *
 * @param runs At least one.
 */
export function middle(runs: Result[]): Result {
  const median = (figure: (run: Result) => number) =>
    spread(runs.map(figure)).median;
  const ofAll = (figure: (run: Result) => Spread): Spread => ({
    median: median((run) => figure(run).median),
    min: Math.min(...runs.map((run) => figure(run).min)),
    max: Math.max(...runs.map((run) => figure(run).max)),
  });
  const way = (name: "single" | "batched"): OneWay => ({
    perSecond: ofAll((run) => run[name].perSecond),
    megabytesPerSecond: ofAll((run) => run[name].megabytesPerSecond),
    cpuSecondsPerMillion: ofAll((run) => run[name].cpuSecondsPerMillion),
  });
  return {
    ...runs[0],
    roundTrip: {
      p50: ofAll(({ roundTrip }) => roundTrip.p50),
      p99: ofAll(({ roundTrip }) => roundTrip.p99),
      mean: ofAll(({ roundTrip }) => roundTrip.mean),
    },
    single: way("single"),
    batched: way("batched"),
    lost: {
      shared: median(({ lost }) => lost.shared),
      stolen: median(({ lost }) => lost.stolen),
    },
    memory: runs[0].memory.map((_, i) =>
      Math.max(...runs.map(({ memory }) => memory[i]))
    ),
  };
}
