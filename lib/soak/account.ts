/**
 * Accounts for every value of a round: it was read once, or it was lost where
 * the mechanism must lose it, or something is wrong.
 *
 * @module
 */

/** How a process has ended. */
export type End =
  | "kill -9"
  /** By a signal that it takes: it says what is lost with it. */
  | "signal"
  /** By itself, or when nothing was left to do. */
  | "finished";

/** What a producer has said. */
export interface Produced {
  /** Each was said before it was written. */
  values: readonly number[];
  end: End;
  /** How many consumers had been started before this producer was. */
  consumersBefore: number;
}

/** What a consumer has said. */
export interface Consumed {
  /** Each was said after it was read. */
  values: readonly number[];
  end: End;
  /** Values that it has said to be lost with it. */
  lost: number;
}

/** How many values may be lost with a consumer. */
export interface Allowance {
  /** Read by a killed consumer and not yet said. */
  unsaid: number;
  /** In the kernel when the consumer, the only one, closed its end. */
  kernel: number;
}

/** What has become of the values. */
export interface Account {
  /** Values that were written for certain. */
  written: number;
  read: number;
  /** Lost with a consumer, as the mechanism must lose them. */
  lost: number;
  /** The most that were lost at once. */
  mostLost: number;
  repeated: number;
  /** Read, but never written: torn, or made of two. */
  torn: number;
  /** Lost or out of order for no such reason. */
  unexplained: number;
  /** What is unexplained, in words. */
  words: string[];
}

/** No value yet. */
export function emptyAccount(): Account {
  return {
    written: 0,
    read: 0,
    lost: 0,
    mostLost: 0,
    repeated: 0,
    torn: 0,
    unexplained: 0,
    words: [],
  };
}

/** A value's place: its producer, and its number there. */
type Place = [producer: number, index: number];

/**
 * Accounts for the values. Each producer's values must be read in their order;
 * between two producers there need be none, as each may have a stream of its own.
 *
 * @param consumers In the order of their starts: one after the other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const producer: Produced = {
 *   values: [1, 2, 3, 4],
 *   end: "finished",
 *   consumersBefore: 0,
 * };
 * const consumers: Consumed[] = [
 *   { values: [1], end: "kill -9", lost: 0 },
 *   { values: [3, 4], end: "finished", lost: 0 },
 * ];
 * const allowance = { unsaid: 1, kernel: 0 };
 * const { lost, unexplained } = account([producer], consumers, allowance);
 * assertEquals([lost, unexplained], [1, 0]);
 * ```
 */
export function account(
  producers: readonly Produced[],
  consumers: readonly Consumed[],
  allowance: Allowance,
): Account {
  const result = emptyAccount();
  const readers = readersOf(producers, consumers, result);
  producers.forEach((producer, i) => {
    const certain = producer.end === "finished"
      ? producer.values.length
      : Math.max(0, producer.values.length - 1);
    result.written += certain;
    addLosses(producer, readers[i], certain, { consumers, allowance, result });
  });
  return result;
}

/** Which consumer has read each value of each producer; -1: none. */
function readersOf(
  producers: readonly Produced[],
  consumers: readonly Consumed[],
  result: Account,
): Int32Array[] {
  const places = new Map<number, Place>();
  const readers = producers.map(({ values }, producer) => {
    values.forEach((value, index) => places.set(value, [producer, index]));
    return new Int32Array(values.length).fill(-1);
  });
  const next = producers.map(() => 0);
  consumers.forEach(({ values }, consumer) => {
    for (const value of values) {
      const place = places.get(value);
      if (!place) {
        result.torn++;
        result.words.push(`${value} was read and never written`);
        continue;
      }
      const [producer, index] = place;
      if (readers[producer][index] >= 0) {
        result.repeated++;
        result.words.push(`${value} was read twice`);
        continue;
      }
      result.read++;
      readers[producer][index] = consumer;
      if (index < next[producer]) {
        result.unexplained++;
        result.words.push(`${value} was read out of order`);
      } else next[producer] = index + 1;
    }
  });
  return readers;
}

/** Finds the values of one producer that were not read, run by run. */
function addLosses(
  { values, consumersBefore }: Produced,
  readers: Int32Array,
  certain: number,
  { consumers, allowance, result }: {
    consumers: readonly Consumed[];
    allowance: Allowance;
    result: Account;
  },
): void {
  let before = Math.max(0, consumersBefore - 1); // who read the value before
  for (let start = 0; start < certain;) {
    if (readers[start] >= 0) {
      before = readers[start++];
      continue;
    }
    let stop = start;
    while (stop < values.length && readers[stop] < 0) stop++;
    const after = stop < values.length ? readers[stop] : consumers.length - 1;
    const count = Math.min(stop, certain) - start;
    const allowed = consumers.slice(before, after + 1)
      .map((consumer) => allowedWith(consumer, allowance))
      // The consumer that goes on has lost nothing, if it was not the last.
      .slice(0, stop < values.length ? -1 : undefined)
      .reduce((sum, each) => sum + each, 0);
    result.mostLost = Math.max(result.mostLost, count);
    result.lost += Math.min(count, allowed);
    if (count > allowed) {
      result.unexplained += count - allowed;
      result.words.push(
        `${count} values from ${values[start]} on were lost, ${allowed} may be`,
      );
    }
    start = stop;
  }
}

/** How many values may be lost with that consumer. */
function allowedWith(
  { end, lost }: Consumed,
  { unsaid, kernel }: Allowance,
): number {
  if (end === "finished") return 0;
  return (end === "kill -9" ? unsaid : lost) + kernel;
}
