// One end of a channel, in a process or worker of its own. The test commands it
// by lines of JSON over a TCP connection: if the end is a pipe, standard input
// and output are taken.
/// <reference lib="deno.worker" />
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address } from "../../lib/channel/mod.ts";
import { PeerEnds } from "./peer_ends.ts";

/** How a peer is started. */
export interface PeerStart {
  port: number;
  /** What a line of JSON cannot carry. */
  memory?: SharedArrayBuffer;
}

export type Role = "sender" | "receiver";

/** What a test can ask of a peer. */
export type Order =
  /** `from` is its name in the messages that it sends. */
  | { do: "open"; role: Role; via: string; address: Address; from: string }
  /** Sends messages with bodies of these lengths, waiting for room. */
  | { do: "send"; lengths: number[] }
  /** Offers messages of that length without waiting, until one is refused. */
  | { do: "fill"; length: number; most: number }
  /** Offers one message without waiting. */
  | { do: "offerMessage"; length: number }
  /** Offers a record as it is, once. */
  | { do: "offer"; text: string }
  /** Sends random bytes in records of random length, then a text; waits for room. */
  | { do: "noise"; seed: number; bytes: number; text: string }
  /** Looks once for a message. */
  | { do: "poll" }
  /** Looks once, and tells what the mechanism has returned. */
  | { do: "pollRecord" }
  /** Takes messages until there are that many, or the end. */
  | { do: "receive"; count: number }
  /** Waits in the kernel for so long (ms), though nothing will come. */
  | { do: "idle"; ms: number }
  /** Closes both ends, and forgets them. */
  | { do: "close" };

/** What came of it; a message is told by sender, number and length. */
export type Reply = Record<string, unknown> & { error?: string };

/** Connects to the test, and answers its orders one after the other. */
async function serve({ port, memory }: PeerStart): Promise<void> {
  const ends = new PeerEnds(memory);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const writer = connection.writable.getWriter();
  const lines = connection.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const say = (reply: Reply) =>
    writer.write(new TextEncoder().encode(JSON.stringify(reply) + "\n"));
  await say({ pid: Deno.pid });
  for await (const line of lines) {
    try {
      await say(await ends.obey(JSON.parse(line)));
    } catch (error) {
      await say({ error: error instanceof Error ? error.message : `${error}` });
    }
  }
}

if (import.meta.main && Deno.args.length > 0) {
  await serve(JSON.parse(Deno.args[0]));
  Deno.exit(0);
} else {
  self.onmessage = ({ data }: MessageEvent<PeerStart>) => void serve(data);
}
