/**
 * One side of a benchmark, in a process or a worker of its own. It takes orders
 * from the parent over a TCP connection, in lines of JSON: where the mechanism is
 * a pipe, standard input and output are its ends and cannot carry orders.
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

/** How a side is started. */
export interface SideStart {
  /** The TCP port on which the parent listens. */
  port: number;
  /** The mechanism's name. */
  via: string;
  /** Its server, if it was named. */
  server?: string;
  /** The channel to receive from. */
  from: Address;
  /** The channel to send to. */
  to: Address;
}

/** What the parent sends: what to do. */
export type Order = Job & { wait: Way };

/** What the side sends first, when it has opened its channels. */
export interface Hello {
  /** The longest record that it accepts, in bytes. @default no limit */
  limit?: number;
}

/** What the side sends when something went wrong. */
export interface Failure {
  error: string;
}

/** A side fails when no message has come for this long (ms). */
const TIMEOUT_MS = 30_000;

async function serve({ port, via, server, from, to }: SideStart) {
  const connection = await connect(port);
  const lines = connection.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const say = async (answer: Hello | Measured | Failure) => {
    const line = new TextEncoder().encode(JSON.stringify(answer) + "\n");
    // If the parent has gone, the lines end as well, and so does this process.
    await connection.write(line).catch(() => {});
  };
  const fail = (error: unknown) =>
    say({ error: error instanceof Error ? error.message : `${error}` });

  const mechanism = mechanismNamed(via);
  const { openReceiver, openSender, remove } =
    await (server && mechanism.at?.(server) || mechanism).load();
  try {
    const receiver = await openReceiver(from);
    const sender = await openSender(to);
    const obey = async ({ wait: way, ...job }: Order) => {
      const wait = { way, timeout: TIMEOUT_MS };
      await say(await measure({ sender, receiver, wait }, job));
    };
    await say({ limit: sender.limit });
    // We do not await the job: while it waits, we must notice that the parent
    // has gone.
    for await (const line of lines) obey(JSON.parse(line)).catch(fail);
  } catch (error) {
    await fail(error);
  } finally {
    try {
      for (const address of [from, to]) await remove(address);
    } finally {
      Deno.exit(0); // even if a job still waits in the kernel
    }
  }
}

async function connect(port: number): Promise<Deno.TcpConn> {
  try {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    return connection;
  } catch (error) {
    // The parent has gone already: nobody reads an error.
    if (error instanceof Deno.errors.ConnectionRefused) Deno.exit(1);
    throw error;
  }
}

if (!("postMessage" in self)) { // a process and not a worker
  await serve(JSON.parse(Deno.args[0]));
} else {
  self.onmessage = ({ data }: MessageEvent<SideStart>) => void serve(data);
}
