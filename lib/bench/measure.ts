/**
 * What can be measured, and the time that a job takes.
 *
 * @module
 */
import process from "node:process";
import type { Flow, Round, Waiting } from "./result.ts";
import { type Job, run, type Side } from "./work.ts";

/** How to measure. */
export interface Conditions {
  wait: Waiting;
  /** Bytes of a message. */
  size: number;
  /** How long to measure. */
  seconds: number;
}

/** What can be measured. */
export interface Subject {
  /** As the table names it. */
  readonly name: string;
  /** The longest record that it accepts, in bytes. */
  readonly limit: number;
  /** Measures the way there and back, one message at a time. */
  roundTrip(conditions: Conditions): Promise<Round["roundTrip"]>;
  /** Measures one way, with `batch` messages in one write. */
  oneWay(conditions: Conditions, batch: number): Promise<Flow>;
}

/** What one side has measured. */
export interface Measured {
  count: number;
  seconds: number;
  /** Processor time of this process, in user and in system mode. */
  cpuSeconds: number;
  /** Bytes that this process, or each of a peer's, keeps in memory. */
  memory: number[];
  /** Microseconds of a round trip; only `ping` knows them. */
  p50?: number;
  p99?: number;
}

/** Does a job, and measures its time and its processor time. */
export async function measure(side: Side, job: Job): Promise<Measured> {
  const before = process.cpuUsage();
  const { count, seconds, samples = [] } = await run(side, job);
  const { user, system } = process.cpuUsage(before);
  const quantile = (q: number) => samples[Math.floor(q * samples.length)];
  return {
    count,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    memory: [Deno.memoryUsage().rss],
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}

/**
 * The figures of a round trip, from what the side that pings has measured.
 *
 * @param cpuSeconds Processor time of both sides.
 */
export function roundTripOf(
  { count, seconds, p50 = NaN, p99 = NaN }: Measured,
  cpuSeconds: number,
): Round["roundTrip"] {
  return { count, mean: seconds / count * 1e6, p50, p99, cpuSeconds };
}
