/**
 * The figures of the benchmark: of one round, and of all rounds together.
 *
 * @module
 */

import type { Lost } from "./processors.ts";

/** How the sides wait; "" where nobody waits. */
export type Waiting = "block" | "spin" | "";

/** One round of one measurement. */
export interface Round {
  /** As in `--via`, or `direct call`, `copy`, or a peer's name. */
  mechanism: string;
  wait: Waiting;
  /** Bytes of a message. */
  size: number;
  /** The number of the round, from 1. */
  round: number;
  /** In microseconds. */
  roundTrip: {
    count: number;
    p50: number;
    p99: number;
    mean: number;
    /** Processor time of both sides. */
    cpuSeconds: number;
  };
  single: Flow;
  batched: Flow;
  /** What part of the processors' time was not ours. */
  lost: Lost;
}

/** Messages in one direction, in one round. */
export interface Flow {
  /** How many messages arrived. */
  count: number;
  /** How many messages one write carries. */
  batch: number;
  /** From the first message to the last, on the side where that took longer. */
  seconds: number;
  /** Processor time of both sides together, in user and in system mode. */
  cpuSeconds: number;
  /** Bytes that each process keeps in memory. */
  memory: number[];
}

/** The median, the smallest and the largest figure of several rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Messages in one direction, in all rounds. */
export interface OneWay {
  perSecond: Spread;
  megabytesPerSecond: Spread;
  cpuSecondsPerMillion: Spread;
}

/** All rounds of one mechanism, way of waiting and size. */
export interface Result {
  mechanism: string;
  wait: Waiting;
  size: number;
  /** In microseconds. */
  roundTrip: { p50: Spread; p99: Spread; mean: Spread };
  /** One write for each message. */
  single: OneWay;
  /** Many messages in one write. */
  batched: OneWay;
  /** What part of the processors' time was not ours; the median of the rounds. */
  lost: Lost;
  /** Bytes that each process keeps in memory, the most of all rounds. */
  memory: number[];
  /** How many rounds that were. */
  rounds: number;
}
