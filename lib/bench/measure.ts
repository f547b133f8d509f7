/**
 * A job, and what it took.
 *
 * @module
 */
import process from "node:process";
import type { Flow, Round, Waiting } from "./result.ts";
import { type Job, run, type Side } from "./work.ts";

/** What to measure. */
export interface Task {
  wait: Waiting;
  /** Bytes of a message. */
  size: number;
  /** How long. */
  seconds: number;
}

/** What can be measured. */
export interface Subject {
  /** As the table names it. */
  readonly name: string;
  /** The longest record that it takes, in bytes. */
  readonly limit: number;
  /** There and back, one message at a time. */
  roundTrip(task: Task): Promise<Round["roundTrip"]>;
  /** One way, with that many messages in one write. */
  oneWay(task: Task, batch: number): Promise<Flow>;
}

/** What came of a job. */
export interface Measured {
  count: number;
  seconds: number;
  /** Of this process, the system's share included. */
  cpuSeconds: number;
  /** Microseconds of a round trip; `ping` alone knows them. */
  p50?: number;
  p99?: number;
}

/** Does a job, with an eye on the clock and on the processor. */
export async function measure(side: Side, job: Job): Promise<Measured> {
  const before = process.cpuUsage();
  const { count, seconds, samples = [] } = await run(side, job);
  const { user, system } = process.cpuUsage(before);
  const quantile = (q: number) => samples[Math.floor(q * samples.length)];
  return {
    count,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}

/** What the side that pings has found out. */
export function roundTripOf(
  { count, seconds, p50 = NaN, p99 = NaN }: Measured,
): Round["roundTrip"] {
  return { count, mean: seconds / count * 1e6, p50, p99 };
}
