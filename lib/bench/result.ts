/**
 * What the benchmark finds out, from one round to the whole.
 *
 * @module
 */

/** Who waits, and how; "" where nobody does. */
export type Waiting = "block" | "spin" | "";

/** One round of one measurement. */
export interface Round {
  /** As in `--via`, or `direct call` and `copy`. */
  mechanism: string;
  wait: Waiting;
  /** Bytes of a message. */
  size: number;
  /** 1 for the first. */
  round: number;
  /** Microseconds. */
  roundTrip: { count: number; p50: number; p99: number; mean: number };
  single: Flow;
  batched: Flow;
}

/** Messages in one direction, in one round. */
export interface Flow {
  /** Messages that arrived. */
  count: number;
  /** Messages in one write. */
  batch: number;
  /** From the first to the last, at the receiver. */
  seconds: number;
  /** Of both sides together, the system's share included. */
  cpuSeconds: number;
}

/** The median of several rounds, and how far they lay apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Messages in one direction. */
export interface OneWay {
  perSecond: Spread;
  megabytesPerSecond: Spread;
  cpuSecondsPerMillion: Spread;
}

/** What was measured of one mechanism, way of waiting and size. */
export interface Result {
  mechanism: string;
  wait: Waiting;
  size: number;
  /** Microseconds. */
  roundTrip: { p50: Spread; p99: Spread; mean: Spread };
  /** One write for each message. */
  single: OneWay;
  /** Many messages in one write. */
  batched: OneWay;
}
