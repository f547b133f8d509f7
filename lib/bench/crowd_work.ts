/**
 * The two loops of a crowd: many producers and consumers on one channel. A
 * message has its number in the first word and its producer in the second. All
 * consumers together find each message that is missing or came twice.
 *
 * @module
 */
import process from "node:process";
import type { Measured } from "./measure.ts";
import { Payload, STOP } from "./payload.ts";
import { receive, send, type Side } from "./work.ts";

/** What one side of a crowd has to do. */
export interface CrowdJob {
  crowd: "produce" | "consume";
  /** Bytes of a message: 8 or more, a multiple of 4. */
  size: number;
  /** How long a producer works. */
  seconds: number;
  /** The producer's number, from 0; a consumer's: how many producers there are. */
  producer: number;
  /** A consumer ends after so many producers have ended. */
  ends: number;
}

/** What one side of a crowd has measured. */
export interface CrowdMeasured extends Measured {
  /** A consumer's: how many messages of each producer have arrived. */
  counts: number[];
  /** The sum of their numbers. */
  sums: number[];
}

/** Is it a job for a crowd? */
export function isCrowdJob(job: object): job is CrowdJob {
  return "crowd" in job;
}

/** Does a job, and checks every message that arrives. */
export async function runInCrowd(
  side: Partial<Side>,
  job: CrowdJob,
): Promise<CrowdMeasured> {
  const before = process.cpuUsage();
  const done = await (job.crowd === "produce" ? produce : consume)(side, job);
  const { user, system } = process.cpuUsage(before);
  return {
    ...done,
    cpuSeconds: (user + system) / 1e6,
    memory: [Deno.memoryUsage().rss],
  };
}

type Done = Omit<CrowdMeasured, "cpuSeconds" | "memory">;

/** The second word of a message. */
function setProducer(message: Payload, producer: number) {
  new Int32Array(message.bytes.buffer)[1] = producer;
}

async function produce(
  { sender, wait }: Partial<Side>,
  { producer, size, seconds }: CrowdJob,
): Promise<Done> {
  if (!sender || !wait) throw new Error("A producer has a channel to send to");
  const message = new Payload(size);
  setProducer(message, producer);
  const start = performance.now();
  let count = 0;
  do {
    message.number(++count);
    const refused = send({ sender, wait }, message.bytes);
    if (refused) await refused;
  } while (count % 64 !== 0 || performance.now() - start < seconds * 1000);
  message.number(STOP);
  await send({ sender, wait }, message.bytes);
  const taken = (performance.now() - start) / 1000;
  return { count, seconds: taken, counts: [], sums: [] };
}

async function consume(
  { receiver, wait }: Partial<Side>,
  { producer: producers, ends, size }: CrowdJob,
): Promise<Done> {
  if (!receiver || !wait) throw new Error("A consumer has a channel to read");
  const check = new CrowdCheck(size, producers);
  let start = 0;
  while (check.ends < ends) {
    const bytes = receive({ receiver, wait });
    check.take(bytes instanceof Promise ? await bytes : bytes, receiver.stream);
    start ||= performance.now();
  }
  const { counts, sums } = check;
  const count = counts.reduce((sum, count) => sum + count, 0);
  return { count, seconds: (performance.now() - start) / 1000, counts, sums };
}

/** Checks the messages of several producers, as far as one consumer can. */
export class CrowdCheck {
  /** How many producers have said that they end. */
  ends = 0;
  /** How many messages of each producer have arrived. */
  readonly counts: number[];
  /** The sum of their numbers. */
  readonly sums: number[];
  readonly #last: number[];
  readonly #size: number;
  readonly #pattern: Int32Array;
  readonly #message: Int32Array;
  readonly #bytes: Uint8Array;
  /** The beginning of a message, for each stream that was cut in it. */
  readonly #begun = new Map<number | undefined, Uint8Array>();

  constructor(size: number, producers: number) {
    this.#size = size;
    this.#pattern = new Int32Array(new Payload(size).bytes.buffer);
    this.#message = new Int32Array(size >> 2);
    this.#bytes = new Uint8Array(this.#message.buffer);
    this.counts = Array(producers).fill(0);
    this.sums = Array(producers).fill(0);
    this.#last = Array(producers).fill(0);
  }

  /**
   * Checks bytes.
   *
   * @param stream The stream that they come from, if each producer has its own.
   * @throws {Error} If a byte is wrong, or a producer's messages are out of order.
   */
  take(bytes: Uint8Array, stream?: number): void {
    const begun = this.#begun.get(stream);
    let filled = begun?.length ?? 0;
    if (begun) this.#bytes.set(begun);
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#size - filled);
      this.#bytes.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < this.#size) break;
      this.#takeMessage();
      filled = 0;
    }
    if (filled > 0) this.#begun.set(stream, this.#bytes.slice(0, filled));
    else this.#begun.delete(stream);
  }

  #takeMessage() {
    const [first, producer] = this.#message;
    let wrong = producer in this.counts ? 0 : 1;
    for (let i = 2; i < this.#message.length; i++) {
      wrong |= this.#message[i] ^ this.#pattern[i];
    }
    const seq = first >>> 1;
    const inOrder = first === 0 || seq > this.#last[producer];
    if (wrong || !inOrder) {
      throw new Error(`Wrong message after ${this.#last} of the producers`);
    }
    if (first === 0) {
      this.ends++;
      return;
    }
    this.#last[producer] = seq;
    this.counts[producer]++;
    this.sums[producer] += seq;
  }
}
