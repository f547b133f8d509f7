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
import { type CrowdJob, isCrowdJob, runInCrowd } from "./crowd_work.ts";
import { measure } from "./measure.ts";
import type { Job, Side } from "./work.ts";

/** How a side is started. */
export interface SideStart {
  /** The TCP port on which the parent listens. */
  port: number;
  /** The mechanism's name. */
  via: string;
  /** Its server, if it was named. */
  server?: string;
  /** The channel to receive from. */
  from?: Address;
  /** The channel to send to. */
  to?: Address;
}

/** What the parent sends: what to do. */
export type Order = (Job | CrowdJob) & { wait: Way };

/** What the side sends first, when it has opened its channels. */
export interface Hello {
  /** The longest record that it accepts, in bytes. @default no limit */
  limit?: number;
  /** Has it a channel to receive from? */
  receives: boolean;
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
  const say = async (answer: object) => {
    const line = new TextEncoder().encode(JSON.stringify(answer) + "\n");
    // If the parent has gone, the lines end as well, and so does this process.
    await connection.write(line).catch(() => {});
  };
  const fail = (error: unknown) => {
    const text = error instanceof Error ? error.message : `${error}`;
    return say({ error: text } satisfies Failure);
  };

  const mechanism = mechanismNamed(via);
  const { openReceiver, openSender, remove } =
    await (server && mechanism.at?.(server) || mechanism).load();
  try {
    const receiver = from ? await openReceiver(from) : undefined;
    const sender = to ? await openSender(to) : undefined;
    const obey = async ({ wait: way, ...job }: Order) => {
      const wait = { way, timeout: TIMEOUT_MS };
      const side = { sender, receiver, wait };
      await say(
        isCrowdJob(job)
          ? await runInCrowd(side, job)
          : await measure(wholeSide(side), job),
      );
    };
    const hello: Hello = { limit: sender?.limit, receives: !!receiver };
    await say(hello);
    // We do not await the job: while it waits, we must notice that the parent
    // has gone.
    for await (const line of lines) obey(JSON.parse(line)).catch(fail);
  } catch (error) {
    await fail(error);
  } finally {
    try {
      for (const address of [from, to]) if (address) await remove(address);
    } finally {
      Deno.exit(0); // even if a job still waits in the kernel
    }
  }
}

/** A side with both ends. */
function wholeSide({ sender, receiver, wait }: Partial<Side>): Side {
  if (!sender || !receiver || !wait) throw new Error("A side has two channels");
  return { sender, receiver, wait };
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
