/**
 * From the rounds to the result.
 *
 * @module
 */
import type { Flow, OneWay, Result, Round, Spread } from "./result.ts";

/**
 * The median of some values, and how far they lie apart.
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
  // The one in the middle, or the mean of the two there.
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

/** What the rounds of each mechanism, way of waiting and size amount to. */
export function summarize(rounds: Round[]): Result[] {
  const alike = Map.groupBy(
    rounds,
    ({ mechanism, wait, size }) => [mechanism, wait, size].join(),
  );
  return [...alike.values()].map((rounds) => {
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
    };
  });
}
