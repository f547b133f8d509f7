// One end of a channel, in a process or worker of its own. The test commands it
// by lines of JSON over a TCP connection: if the end is a pipe, standard input
// and output are taken.
/// <reference lib="deno.worker" />
import { TextLineStream } from "@std/streams/text-line-stream";
import {
  type Address,
  END,
  type Receiver,
  type Sender,
} from "../../lib/channel/mod.ts";
import { header } from "../../lib/message/header.ts";
import { Inbox } from "../../lib/message/inbox.ts";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { Message, MessageError, recordOf } from "../../lib/message/message.ts";
import { waitFor } from "../../lib/wait/mod.ts";
import { lcg } from "../lcg.ts";

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

/** The result; a message is described by its sender, number and length. */
export type Reply = Record<string, unknown> & { error?: string };

const PATTERN = new Uint8Array(1 << 20).map((_, i) => (i * 7) % 251);

async function serve({ port, memory }: PeerStart) {
  const wait = { way: "block", timeout: 20_000 } as const;
  let ends = new AsyncDisposableStack();
  let sender: Sender;
  let receiver: Receiver;
  let inbox: Inbox;
  let from: string;
  let seq = 0;

  const compose = (length: number) => {
    const fields = { type: "data", from, to: "test", seq: ++seq, priority: 0 };
    const message = new Message(PATTERN.subarray(0, length), fields);
    return recordOf(message, header, sender.limit);
  };
  const describe = (found: Message | MessageError) =>
    found instanceof MessageError
      ? { wrong: found.message, torn: found.torn }
      : {
        from: found.header?.from,
        seq: found.header?.seq,
        length: found.body.length,
        intact: found.body.every((byte, i) => byte === PATTERN[i]),
      };

  async function obey(order: Order): Promise<Reply> {
    switch (order.do) {
      case "open": {
        const { properties, load } = mechanismNamed(order.via);
        const { openReceiver, openSender } = await load();
        const address = { ...order.address, memory };
        if (order.role === "sender") {
          sender = ends.use(await openSender(address));
          [from, seq] = [order.from, 0];
          return { limit: sender.limit };
        }
        receiver = ends.use(await openReceiver(address));
        inbox = new Inbox(receiver, header.decoder, properties.boundaries);
        return {};
      }
      case "send":
        for (const length of order.lengths) {
          const record = compose(length);
          const ready = (signal: AbortSignal) => sender.writable(signal);
          await waitFor(() => sender.offer(record), ready, wait);
        }
        return {};
      case "fill": {
        let refused: string | undefined;
        let bytes = 0;
        for (let i = 0; i < order.most && refused === undefined; i++) {
          const offered = sender.offer(PATTERN.subarray(0, order.length));
          if (offered === true) bytes += order.length;
          else refused = offered.description;
        }
        return { records: bytes / order.length, bytes, refused };
      }
      case "offerMessage": {
        const offered = sender.offer(compose(order.length));
        return { offered: offered === true ? true : offered.description };
      }
      case "offer": {
        const offered = sender.offer(new TextEncoder().encode(order.text));
        return { offered: offered === true ? true : offered.description };
      }
      case "noise": {
        const random = lcg(order.seed);
        const noise = PATTERN.map(() => random(256));
        const longest = Math.min(sender.limit, 65_536);
        const ready = (signal: AbortSignal) => sender.writable(signal);
        const put = (record: Uint8Array) =>
          waitFor(() => sender.offer(record), ready, wait);
        for (let left = order.bytes; left > 0;) {
          const length = 1 + random(longest);
          const start = random(noise.length - length);
          await put(noise.subarray(start, start + length));
          left -= length;
        }
        await put(new TextEncoder().encode(order.text));
        return {};
      }
      case "poll": {
        const found = inbox.poll();
        return typeof found === "symbol"
          ? { nothing: found.description }
          : describe(found);
      }
      case "pollRecord": {
        const found = receiver.poll();
        return typeof found === "symbol"
          ? { nothing: found.description }
          : { text: new TextDecoder().decode(found) };
      }
      case "receive": {
        const messages: unknown[] = [];
        const ready = (signal: AbortSignal) => receiver.readable(signal);
        while (messages.length < order.count) {
          const look = () => {
            const found = inbox.poll();
            return found === END ? null : found;
          };
          const found = await waitFor(look, ready, wait);
          if (found === null) return { messages, end: true };
          messages.push(describe(found));
        }
        return { messages };
      }
      case "idle": {
        const { default: process } = await import("node:process");
        const before = process.cpuUsage();
        const start = performance.now();
        const timeout = AbortSignal.timeout(order.ms);
        while (!timeout.aborted) {
          try {
            await receiver.readable(timeout);
          } catch (error) {
            if (!timeout.aborted) throw error;
          }
          receiver.poll();
        }
        const { user, system } = process.cpuUsage();
        const cpu = user + system - before.user - before.system; // microseconds
        return { busy: cpu / 1000 / (performance.now() - start) };
      }
      case "close":
        await ends.disposeAsync();
        ends = new AsyncDisposableStack();
        return {};
    }
  }

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
      await say(await obey(JSON.parse(line)));
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
