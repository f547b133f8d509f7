/**
 * The four loops of the benchmark, two for each side. They use the ends of a
 * channel as the lab does: they offer or poll, and wait only when refused.
 *
 * @module
 */
import {
  CUT,
  END,
  type Receiver,
  type Refusal,
  type Sender,
} from "../channel/mod.ts";
import { waitFor, type WaitOptions } from "../wait/mod.ts";
import { spinAWhile } from "../wait/spin.ts";
import { Check, Payload, STOP } from "./payload.ts";

/** One side: the ends that it sends and receives with, and how it waits. */
export interface Side {
  sender: Sender;
  receiver: Receiver;
  wait: WaitOptions;
}

/** What one side has to do. */
export interface Job {
  /** `ping` and `echo` make round trips, `flood` and `drain` send one way. */
  work: "ping" | "echo" | "flood" | "drain";
  /** Bytes of a message. */
  size: number;
  /** How long the leading side works: the one that pings or floods. */
  seconds: number;
  /** How many messages one write carries. */
  batch: number;
}

/** What a job has measured. */
export interface Report {
  /** How many messages were sent, or arrived. */
  count: number;
  /** How long that took; `echo` says 0. */
  seconds: number;
  /** Microseconds of some round trips, in ascending order; only `ping` has them. */
  samples?: number[];
}

/** How many single round trips are kept at most, for the percentiles. */
const MAX_SAMPLES = 200_000;

/** Does a job, and checks every message that arrives. */
export function run(side: Side, job: Job): Promise<Report> {
  return { ping, echo, flood, drain }[job.work](side, job);
}

/** Sends a message, waits until it comes back, and so on. */
async function ping(side: Side, { size, seconds }: Job): Promise<Report> {
  const message = new Payload(size);
  const check = new Check(size);
  const clockMs = clockCostMs();
  let seq = 0;
  async function trips(seconds: number, samples?: Float64Array) {
    const start = performance.now();
    const before = seq;
    let last = start;
    for (let now = start; now - start < seconds * 1000;) {
      message.number(++seq);
      const refused = send(side, message.bytes);
      if (refused) await refused;
      while (check.last !== seq) {
        const bytes = receive(side);
        check.take(bytes instanceof Promise ? await bytes : bytes);
      }
      // Reading the clock takes longer than the fastest round trip, so for the
      // mean we read it only after every 16th.
      if (!samples && (seq & 15) !== 0) continue;
      now = performance.now();
      if (samples && seq - before <= samples.length) {
        samples[seq - before - 1] = Math.max(0, now - last - clockMs) * 1000;
      }
      last = now;
    }
    return { count: seq - before, seconds: (last - start) / 1000 };
  }
  // First the mean of many round trips, then the time of each single one.
  const { count, seconds: taken } = await trips(seconds / 2);
  const samples = new Float64Array(MAX_SAMPLES);
  const timed = await trips(seconds / 2, samples);
  message.number(STOP);
  await send(side, message.bytes);
  const kept = samples.subarray(0, Math.min(timed.count, MAX_SAMPLES)).sort();
  return { count, seconds: taken, samples: Array.from(kept) };
}

/**
 * How long (ms) it takes to read the clock. The smallest of several tries counts:
 * during the others, another program may have run.
 */
function clockCostMs(): number {
  const reads = 100;
  let least = Infinity;
  for (let tries = 0; tries < 20; tries++) {
    const start = performance.now();
    for (let i = 1; i < reads; i++) performance.now();
    least = Math.min(least, (performance.now() - start) / reads);
  }
  return least;
}

/** Sends each message back. */
async function echo(side: Side, { size }: Job): Promise<Report> {
  const message = new Payload(size);
  const check = new Check(size);
  for (;;) {
    const bytes = receive(side);
    const count = check.take(bytes instanceof Promise ? await bytes : bytes);
    if (check.over) return { count: check.last, seconds: 0 };
    if (count === 0) continue;
    message.number(check.last);
    const refused = send(side, message.bytes);
    if (refused) await refused;
  }
}

/** Sends as much as the channel accepts. */
async function flood(
  side: Side,
  { size, seconds, batch }: Job,
): Promise<Report> {
  const messages = new Payload(size, batch);
  const start = performance.now();
  let seq = 0;
  for (let writes = 1;; writes++) {
    messages.number(seq + 1);
    const refused = send(side, messages.bytes);
    if (refused) await refused;
    seq += batch;
    if ((writes & 63) === 0 && performance.now() - start > seconds * 1000) {
      break;
    }
  }
  const last = new Payload(size);
  last.number(STOP);
  await send(side, last.bytes);
  return { count: seq, seconds: (performance.now() - start) / 1000 };
}

/** Receives until the last message. */
async function drain(side: Side, { size }: Job): Promise<Report> {
  const check = new Check(size);
  let start = 0;
  while (!check.over) {
    const bytes = receive(side);
    check.take(bytes instanceof Promise ? await bytes : bytes);
    start ||= performance.now();
  }
  return { count: check.last, seconds: (performance.now() - start) / 1000 };
}

/** Sends a record. @returns A promise only if the channel refuses it at first. */
export function send(
  side: Pick<Side, "sender" | "wait">,
  record: Uint8Array,
): Promise<unknown> | undefined {
  const refused = side.sender.offer(record);
  if (refused !== true) return sendLater(side, record, refused);
}

function sendLater(
  { sender, wait }: Pick<Side, "sender" | "wait">,
  record: Uint8Array,
  refused: true | Refusal,
) {
  const offer = () => sender.offer(record);
  if (wait.way === "spin") refused = spinAWhile(offer);
  if (refused === true) return;
  return waitFor(offer, (signal) => sender.writable(signal), wait, refused);
}

/** Receives bytes. @returns A promise only if nothing has arrived yet. */
export function receive(
  side: Pick<Side, "receiver" | "wait">,
): Uint8Array | Promise<Uint8Array> {
  const bytes = side.receiver.poll();
  return typeof bytes === "symbol" ? receiveLater(side, bytes) : bytes;
}

/** What a receiver answers. */
type Polled = ReturnType<Receiver["poll"]>;

function receiveLater(
  { receiver, wait }: Pick<Side, "receiver" | "wait">,
  polled: Polled,
) {
  const poll = () => orThrow(receiver.poll());
  let bytes = orThrow(polled);
  if (wait.way === "spin") bytes = spinAWhile(poll);
  if (typeof bytes !== "symbol") return bytes;
  return waitFor(poll, (signal) => receiver.readable(signal), wait, bytes);
}

function orThrow(polled: Polled): Uint8Array | Refusal {
  if (polled === END || polled === CUT) {
    throw new Error("The other side has gone");
  }
  return polled;
}
