/**
 * One side of a benchmark, in a process or a worker of its own. It does what
 * the parent tells it over a TCP connection, in lines of JSON: a pipe's ends
 * have no other input and output to spare.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import process from "node:process";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address } from "../channel.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import type { Way } from "../wait.ts";
import { type Job, type Report, run } from "./work.ts";

/** How a peer is started. */
export interface PeerStart {
  /** Where the parent listens. */
  port: number;
  /** The mechanism's name. */
  via: string;
  /** Where to receive, and where to send. */
  from: Address;
  to: Address;
}

/** What the parent says. */
export type Order = Job & { wait: Way };

/** What the peer answers. */
export interface Answer extends Report {
  /** Of this process, the system's share included. */
  cpuSeconds: number;
  /** Once, at the beginning. */
  through: string;
  limit?: number;
  /** Why it could not be done; then the peer has ended. */
  error?: string;
}

/** Milliseconds without a message: then something is wrong. */
const TIMEOUT = 30_000;

async function serve({ port, via, from, to }: PeerStart) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay();
  const encoder = new TextEncoder();
  const say = (answer: Partial<Answer>) =>
    connection.write(encoder.encode(JSON.stringify(answer) + "\n"));
  const lines = connection.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  try {
    const { openReceiver, openSender, through } = await mechanismNamed(via)
      .load();
    await using receiver = await openReceiver(from);
    await using sender = await openSender(to);
    await say({ limit: sender.limit, through: through() });
    for await (const line of lines) {
      const { wait: way, ...job }: Order = JSON.parse(line);
      const wait = { way, timeout: TIMEOUT };
      const before = process.cpuUsage();
      const report = await run({ sender, receiver, wait }, job);
      const { user, system } = process.cpuUsage(before);
      await say({ ...report, cpuSeconds: (user + system) / 1e6 });
    }
  } catch (error) {
    await say({ error: error instanceof Error ? error.message : `${error}` });
  }
}

if (!("postMessage" in self)) { // a process, then, and no worker
  await serve(JSON.parse(Deno.args[0]));
  Deno.exit(0);
} else {
  self.onmessage = ({ data }: MessageEvent<PeerStart>) => void serve(data);
}
