/**
 * One side of a benchmark, in a process or a worker of its own. It does what
 * the parent tells it over a TCP connection, in lines of JSON: a pipe's ends
 * have no other input and output to spare.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address } from "../channel/mod.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import type { Way } from "../wait/mod.ts";
import { measure, type Measured } from "./measure.ts";
import type { Job } from "./work.ts";

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

/** What the peer says first. */
export interface Hello {
  /** The longest record that it takes, in bytes; none: there is no limit. */
  limit?: number;
}

/** Why it could not be done. */
export interface Failure {
  error: string;
}

/** Milliseconds without a message: then something is wrong. */
const TIMEOUT = 30_000;

async function serve({ port, via, from, to }: PeerStart) {
  const connection = await connect(port);
  const lines = connection.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const say = async (answer: Hello | Measured | Failure) => {
    const line = new TextEncoder().encode(JSON.stringify(answer) + "\n");
    // Has the parent gone? Then the lines end, too, and that ends us.
    await connection.write(line).catch(() => {});
  };
  const fail = (error: unknown) =>
    say({ error: error instanceof Error ? error.message : `${error}` });

  const { openReceiver, openSender, remove } = await mechanismNamed(via).load();
  try {
    const receiver = await openReceiver(from);
    const sender = await openSender(to);
    const obey = async ({ wait: way, ...job }: Order) => {
      const wait = { way, timeout: TIMEOUT };
      await say(await measure({ sender, receiver, wait }, job));
    };
    await say({ limit: sender.limit });
    // Not awaited, so that we hear in any wait that the parent has gone.
    for await (const line of lines) obey(JSON.parse(line)).catch(fail);
  } catch (error) {
    await fail(error);
  } finally {
    try {
      for (const address of [from, to]) await remove(address);
    } finally {
      Deno.exit(0); // whatever still waits in the kernel
    }
  }
}

async function connect(port: number): Promise<Deno.TcpConn> {
  try {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    return connection;
  } catch (error) {
    // The parent has gone already: nobody wants to hear of it.
    if (error instanceof Deno.errors.ConnectionRefused) Deno.exit(1);
    throw error;
  }
}

if (!("postMessage" in self)) { // a process, then, and no worker
  await serve(JSON.parse(Deno.args[0]));
} else {
  self.onmessage = ({ data }: MessageEvent<PeerStart>) => void serve(data);
}
