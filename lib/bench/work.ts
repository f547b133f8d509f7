/**
 * The four loops of the benchmark, two for each side. They use a channel's ends
 * just as the lab does: offer or poll, and wait only when refused.
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

/** One side: where it sends, and where it receives. */
export interface Side {
  sender: Sender;
  receiver: Receiver;
  wait: WaitOptions;
}

/** What one side shall do. */
export interface Job {
  work: "ping" | "echo" | "flood" | "drain";
  /** Bytes of a message. */
  size: number;
  /** How long, for the side that leads. */
  seconds: number;
  /** Messages in one write. */
  batch: number;
}

/** What came of it; the other side of a pair has nothing to say. */
export interface Report {
  count: number;
  seconds: number;
  /** Microseconds of some round trips, in order of length. */
  samples?: number[];
}

/** Round trips whose time is kept, for the percentiles. */
const SAMPLES = 200_000;

/** Does a job, and checks every message that arrives. */
export function run(side: Side, job: Job): Promise<Report> {
  return { ping, echo, flood, drain }[job.work](side, job);
}

/** Sends a message, waits until it comes back, and so on. */
async function ping(side: Side, { size, seconds }: Job): Promise<Report> {
  const message = new Payload(size);
  const check = new Check(size);
  const clock = clockCost();
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
      // Reading the clock takes longer than the fastest trip.
      if (!samples && (seq & 15) !== 0) continue;
      now = performance.now();
      if (samples && seq - before <= samples.length) {
        samples[seq - before - 1] = Math.max(0, now - last - clock) * 1000;
      }
      last = now;
    }
    return { count: seq - before, seconds: (last - start) / 1000 };
  }
  // The mean without a look at the clock each time, then the single trips.
  const { count, seconds: taken } = await trips(seconds / 2);
  const samples = new Float64Array(SAMPLES);
  const timed = await trips(seconds / 2, samples);
  message.number(STOP);
  await send(side, message.bytes);
  const kept = samples.subarray(0, Math.min(timed.count, SAMPLES)).sort();
  return { count, seconds: taken, samples: Array.from(kept) };
}

/**
 * Milliseconds that it takes to read the clock: more than the fastest trip. The
 * least of several tries, for in one of them something else may have run.
 */
function clockCost(): number {
  const looks = 100;
  let least = Infinity;
  for (let tries = 0; tries < 20; tries++) {
    const start = performance.now();
    for (let i = 1; i < looks; i++) performance.now();
    least = Math.min(least, (performance.now() - start) / looks);
  }
  return least;
}

/** Sends back what comes. */
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

/** Sends as much as goes. */
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

/** Takes what comes. */
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

/** Sends; only where the channel refuses, there is something to wait for. */
function send(side: Side, record: Uint8Array): Promise<unknown> | undefined {
  const refused = side.sender.offer(record);
  if (refused !== true) return sendLater(side, record, refused);
}

function sendLater(
  { sender, wait }: Side,
  record: Uint8Array,
  refused: true | Refusal,
) {
  const offer = () => sender.offer(record);
  if (wait.way === "spin") refused = spinAWhile(offer);
  if (refused === true) return;
  return waitFor(offer, (signal) => sender.writable(signal), wait, refused);
}

/** Receives; only where nothing is there, there is something to wait for. */
function receive(side: Side): Uint8Array | Promise<Uint8Array> {
  const bytes = side.receiver.poll();
  return typeof bytes === "symbol" ? receiveLater(side, bytes) : bytes;
}

/** What a receiver gives. */
type Polled = ReturnType<Receiver["poll"]>;

function receiveLater({ receiver, wait }: Side, polled: Polled) {
  const look = () => orThrow(receiver.poll());
  let bytes = orThrow(polled);
  if (wait.way === "spin") bytes = spinAWhile(look);
  if (typeof bytes !== "symbol") return bytes;
  return waitFor(look, (signal) => receiver.readable(signal), wait, bytes);
}

function orThrow(polled: Polled): Uint8Array | Refusal {
  if (polled === END || polled === CUT) {
    throw new Error("The other side has gone");
  }
  return polled;
}
