/**
 * What a peer does: the ends that it opens, and the orders that they obey.
 *
 * @module
 */
import { END, type Receiver, type Sender } from "../../lib/channel/mod.ts";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { header } from "../../lib/message/header.ts";
import { Inbox } from "../../lib/message/inbox.ts";
import { Message, MessageError, recordOf } from "../../lib/message/message.ts";
import { waitFor } from "../../lib/wait/mod.ts";
import { lcg } from "../lcg.ts";
import type { Order, Reply } from "./peer.ts";

/** The order of that name. */
type OrderTo<Name extends Order["do"]> = Extract<Order, { do: Name }>;

/** The body of every message is the beginning of these bytes. */
const PATTERN = new Uint8Array(1 << 20).map((_, i) => (i * 7) % 251);

const WAIT = { way: "block", timeout: 20_000 } as const; // ms

/** A sender, and the orders that it obeys. */
class SendingEnd {
  readonly #sender: Sender;
  readonly #from: string;
  #seq = 0;

  constructor(sender: Sender, from: string) {
    this.#sender = sender;
    this.#from = from;
  }

  async send({ lengths }: OrderTo<"send">): Promise<Reply> {
    for (const length of lengths) await this.#put(this.#compose(length));
    // Before its server has acknowledged it, a record is not sent: kill -9 may
    // follow the answer.
    const timeout = AbortSignal.timeout(WAIT.timeout);
    for (let left; (left = this.#sender.settled?.(timeout));) await left;
    return {};
  }

  fill({ length, most }: OrderTo<"fill">): Reply {
    let refused: string | undefined;
    let bytes = 0;
    for (let i = 0; i < most && refused === undefined; i++) {
      const offered = this.#sender.offer(PATTERN.subarray(0, length));
      if (offered === true) bytes += length;
      else refused = offered.description;
    }
    return { records: bytes / length, bytes, refused };
  }

  offerMessage({ length }: OrderTo<"offerMessage">): Reply {
    return this.#offer(this.#compose(length));
  }

  offer({ text }: OrderTo<"offer">): Reply {
    return this.#offer(new TextEncoder().encode(text));
  }

  async noise({ seed, bytes, text }: OrderTo<"noise">): Promise<Reply> {
    const random = lcg(seed);
    const noise = PATTERN.map(() => random(256));
    const longest = Math.min(this.#sender.limit, 65_536);
    for (let left = bytes; left > 0;) {
      const length = 1 + random(longest);
      const start = random(noise.length - length);
      await this.#put(noise.subarray(start, start + length));
      left -= length;
    }
    await this.#put(new TextEncoder().encode(text));
    return {};
  }

  /** Encodes the next message. */
  #compose(length: number): Uint8Array {
    const fields = {
      type: "data",
      from: this.#from,
      to: "test",
      seq: ++this.#seq,
      priority: 0,
    };
    const message = new Message(PATTERN.subarray(0, length), fields);
    return recordOf(message, header, this.#sender.limit);
  }

  #offer(record: Uint8Array): Reply {
    const offered = this.#sender.offer(record);
    return { offered: offered === true ? true : offered.description };
  }

  /** Sends a record, waiting for room. */
  async #put(record: Uint8Array): Promise<void> {
    const offer = () => this.#sender.offer(record);
    await waitFor(offer, (signal) => this.#sender.writable(signal), WAIT);
  }
}

/** A receiver, and the orders that it obeys. */
class ReceivingEnd {
  readonly #receiver: Receiver;
  readonly #inbox: Inbox;

  constructor(receiver: Receiver, boundaries: boolean) {
    this.#receiver = receiver;
    this.#inbox = new Inbox(receiver, header.decoder, boundaries);
  }

  poll(): Reply {
    const found = this.#inbox.poll();
    return typeof found === "symbol"
      ? { nothing: found.description }
      : describe(found);
  }

  pollRecord(): Reply {
    const found = this.#receiver.poll();
    return typeof found === "symbol"
      ? { nothing: found.description }
      : { text: new TextDecoder().decode(found) };
  }

  async receive({ count }: OrderTo<"receive">): Promise<Reply> {
    const messages: Reply[] = [];
    const ready = (signal: AbortSignal) => this.#receiver.readable(signal);
    const look = () => {
      const found = this.#inbox.poll();
      return found === END ? null : found;
    };
    while (messages.length < count) {
      const found = await waitFor(look, ready, WAIT);
      if (found === null) return { messages, end: true };
      messages.push(describe(found));
    }
    return { messages };
  }

  /** @returns `busy`: processor time as a share of the time that passed. */
  async idle({ ms }: OrderTo<"idle">): Promise<Reply> {
    const { default: process } = await import("node:process");
    const before = process.cpuUsage();
    const start = performance.now();
    const timeout = AbortSignal.timeout(ms);
    while (!timeout.aborted) {
      try {
        await this.#receiver.readable(timeout);
      } catch (error) {
        if (!timeout.aborted) throw error;
      }
      this.#receiver.poll();
    }
    const { user, system } = process.cpuUsage();
    const cpu = user + system - before.user - before.system; // microseconds
    return { busy: cpu / 1000 / (performance.now() - start) };
  }
}

/** Describes a message at once: its bytes are valid until the next poll. */
function describe(found: Message | MessageError): Reply {
  if (found instanceof MessageError) {
    return { wrong: found.message, torn: found.torn };
  }
  return {
    from: found.header?.from,
    seq: found.header?.seq,
    length: found.body.length,
    intact: found.body.every((byte, i) => byte === PATTERN[i]),
  };
}

/** The ends that a peer has opened: at most one sender and one receiver. */
export class PeerEnds {
  readonly #memory?: SharedArrayBuffer;
  #opened = new AsyncDisposableStack();
  #sending?: SendingEnd;
  #receiving?: ReceivingEnd;

  constructor(memory?: SharedArrayBuffer) {
    this.#memory = memory;
  }

  obey(order: Order): Reply | Promise<Reply> {
    switch (order.do) {
      case "open":
        return this.#open(order);
      case "send":
        return this.#sender.send(order);
      case "fill":
        return this.#sender.fill(order);
      case "offerMessage":
        return this.#sender.offerMessage(order);
      case "offer":
        return this.#sender.offer(order);
      case "noise":
        return this.#sender.noise(order);
      case "poll":
        return this.#receiver.poll();
      case "pollRecord":
        return this.#receiver.pollRecord();
      case "receive":
        return this.#receiver.receive(order);
      case "idle":
        return this.#receiver.idle(order);
      case "close":
        return this.#close();
    }
  }

  get #sender(): SendingEnd {
    if (this.#sending) return this.#sending;
    throw new Error("Cannot send: this peer has opened no sender");
  }

  get #receiver(): ReceivingEnd {
    if (this.#receiving) return this.#receiving;
    throw new Error("Cannot receive: this peer has opened no receiver");
  }

  async #open(order: OrderTo<"open">): Promise<Reply> {
    const { properties, load } = mechanismNamed(order.via);
    const { openReceiver, openSender } = await load();
    const address = { ...order.address, memory: this.#memory };
    if (order.role === "sender") {
      const sender = this.#opened.use(await openSender(address));
      this.#sending = new SendingEnd(sender, order.from);
      return { limit: sender.limit };
    }
    const receiver = this.#opened.use(await openReceiver(address));
    this.#receiving = new ReceivingEnd(receiver, properties.boundaries);
    return {};
  }

  async #close(): Promise<Reply> {
    await this.#opened.disposeAsync();
    this.#opened = new AsyncDisposableStack();
    return {};
  }
}
