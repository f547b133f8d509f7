/**
 * One producer or consumer of a measurement, a process of its own. It reads what
 * to do from its arguments, says `ready` when it has opened its end, and writes
 * what came of it to standard error. A producer begins when its standard input
 * has a byte, so that no start of a process lies in the measured time.
 *
 * @module
 */
import { END } from "../channel/mod.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import { waitFor } from "../wait/mod.ts";

/** What a side has to do. */
export interface SideJob {
  name: string;
  server?: string;
  /** A producer's number; a consumer has none. */
  producer?: number;
  /** How many messages a producer sends. */
  count: number;
  /** Bytes of a message. */
  size: number;
}

/** What a side has done. */
export interface SideReport {
  count: number;
  /** When it began and ended, in ms since 1970. */
  from: number;
  to: number;
  /** Messages that came twice, or behind a later one of the same producer. */
  wrong: number;
}

const WAIT = { way: "block", timeout: 60_000 } as const;

const now = () => performance.timeOrigin + performance.now();

async function produce(job: SideJob): Promise<SideReport> {
  const { openSender } = await operationsOf(job);
  await using sender = await openSender({ name: job.name });
  const record = new Uint8Array(job.size);
  const words = new DataView(record.buffer);
  words.setUint32(0, job.producer ?? 0);
  await say("ready");
  const told = await Deno.stdin.read(new Uint8Array(1));
  if (told === null) throw new Error("The measurement has ended");
  const from = now();
  for (let seq = 1; seq <= job.count; seq++) {
    words.setUint32(4, seq);
    const offered = sender.offer(record);
    if (offered === true) continue;
    const offer = () => sender.offer(record);
    await waitFor(offer, (signal) => sender.writable(signal), WAIT, offered);
  }
  const never = new AbortController().signal;
  for (let left; (left = sender.settled?.(never));) await left;
  return { count: job.count, from, to: now(), wrong: 0 };
}

async function consume(job: SideJob): Promise<SideReport> {
  const { openReceiver } = await operationsOf(job);
  await using receiver = await openReceiver({ name: job.name });
  await say("ready");
  const last = new Map<number, number>(); // of each producer
  const report = { count: 0, from: 0, to: 0, wrong: 0 };
  for (;;) {
    const poll = () => receiver.poll();
    const found = await waitFor(poll, (end) => receiver.readable(end), WAIT);
    if (found === END) return report;
    if (typeof found === "symbol") throw new Error("A mailbox is never cut");
    const words = new DataView(found.buffer, found.byteOffset);
    const [producer, seq] = [words.getUint32(0), words.getUint32(4)];
    if (seq <= (last.get(producer) ?? 0)) report.wrong++;
    last.set(producer, seq);
    report.count++;
    report.from ||= now();
    report.to = now();
  }
}

function operationsOf({ server }: SideJob) {
  const nats = mechanismNamed("nats");
  return (server && nats.at?.(server) || nats).load();
}

async function say(what: string | SideReport): Promise<void> {
  const line = typeof what === "string" ? what : JSON.stringify(what);
  await Deno.stderr.write(new TextEncoder().encode(line + "\n"));
}

const job: SideJob = JSON.parse(Deno.args[0]);
await say(job.producer === undefined ? await consume(job) : await produce(job));
Deno.exit(0);
