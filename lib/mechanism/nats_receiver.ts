/**
 * The receiving end of a mailbox on a NATS server. It asks for records before
 * the reader does, and acknowledges a record when the reader asks for the next:
 * by then it has been read. Until then the server keeps it.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { type Address, END, PENDING, type Receiver } from "../channel/mod.ts";
import type { LabError } from "../error.ts";
import { Change } from "../wait/change.ts";
import { AGAIN_MS, lastingFailure, type Link } from "./nats_link.ts";
import { ACK_WAIT_MS, Mailbox } from "./nats_mailbox.ts";

/** Records that are asked for at once: few at first, more for a fast reader. */
const FEW = 8;
const MANY = 32;
/** A reader that takes longer (ms) for them is slow: it leaves more to others. */
const SLOW_MS = 1000;
/**
 * How long (ms) the server keeps a request open. One that reached no consumer,
 * as another end has just made it anew, has no answer: it ends as soon.
 */
const REQUEST_MS = 5000;
/** How often (ms) an idle receiver asks whether a sender is there. */
const LOOK_MS = 100;
/** How long (ms) a sender that did not close may take to come back. */
const BACK_MS = 3000;
/** How long (ms) an opening receiver waits for what lies there already. */
const FIRST_MS = 500;
/** How many ids of records are kept, to find a repeat. */
const IDS_KEPT = 10_000;

type Found = typeof PENDING | typeof END;

/** Opens the receiving end. */
export async function openReceiver(
  address: Address,
  server?: string,
): Promise<NatsReceiver> {
  const mailbox = await Mailbox.open(address, server);
  try {
    await mailbox.enter("receiver", address.exclusive);
    const { messages } = await mailbox.ensure();
    const receiver = new NatsReceiver(mailbox);
    await mailbox.link.nc.flush(); // from now on we hear of senders
    if (messages > 0) await receiver.first();
    return receiver;
  } catch (error) {
    await mailbox.leave();
    throw error;
  }
}

class NatsReceiver implements Receiver, AsyncDisposable {
  readonly #mailbox: Mailbox;
  readonly #link: Link;
  readonly #change = new Change();
  readonly #ids = new RecentIds();
  readonly #holding: ReturnType<typeof setInterval>;
  /** The record that the reader has, not acknowledged yet. */
  #current?: JsMsg;
  #buffer: JsMsg[] = [];
  #batch = FEW;
  #requested = -Infinity; // when we last asked for records
  #starved = false; // did the reader find nothing since we asked?
  #pending = 0; // records that lay there behind the last that came
  #request?: ConsumerMessages;
  #stale = true; // must the consumer be opened, or opened again?
  #closed = false;
  #failure?: LabError;
  #found: Found = PENDING; // what the last look has shown
  #hadSender = false;
  #missed?: number; // since when no sender is there
  #looked = -Infinity;
  #looking = false;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
    this.#link = mailbox.link;
    // The server takes a silent receiver for dead, and gives to another one
    // what this one holds.
    this.#holding = setInterval(() => this.#hold(), ACK_WAIT_MS / 5);
    this.#watchConnection();
    this.#watchSenders();
    this.#work();
  }

  /** Waits for the first record, for FIRST_MS at most. */
  async first(): Promise<void> {
    const timeout = AbortSignal.timeout(FIRST_MS);
    while (this.#buffer.length === 0 && !timeout.aborted) {
      await this.#change.next(timeout).catch(() => {}); // it is the timeout
    }
  }

  poll(): Uint8Array | Found {
    this.#acknowledge();
    if (this.#failure) throw this.#failure;
    for (let next; (next = this.#buffer.shift());) {
      if (this.#buffer.length === FEW >> 1) this.#change.happened();
      if (this.#ids.has(idOf(next))) {
        next.ack(); // a repeat: the acknowledgement before was lost
        continue;
      }
      this.#ids.add(idOf(next));
      this.#current = next;
      this.#hadSender = true;
      this.#found = PENDING;
      return next.data;
    }
    this.#starved = true;
    this.#look();
    return this.#found;
  }

  #acknowledge() {
    if (!this.#link.nc.isClosed()) this.#current?.ack();
    this.#current = undefined;
  }

  async readable(signal: AbortSignal): Promise<void> {
    if (this.#buffer.length > 0 || this.#failure) return;
    this.#look();
    const timer = setTimeout(() => this.#change.happened(), LOOK_MS);
    try {
      await this.#change.next(signal);
    } finally {
      clearTimeout(timer);
    }
  }

  unread() {
    return { messages: this.#buffer.length + this.#pending };
  }

  /** Fetches records until the end is closed. */
  async #work() {
    let consumer: Consumer | undefined;
    while (!this.#closed) {
      try {
        if (this.#stale || !consumer) consumer = await this.#open();
        if (this.#buffer.length <= FEW >> 1) {
          await this.#fetch(consumer);
        } else await this.#change.next(NEVER);
      } catch (error) {
        this.#failure = lastingFailure(this.#link, error);
        this.#change.happened();
        if (this.#failure || this.#closed) return;
        this.#stale = true;
        await delay(AGAIN_MS);
      }
    }
  }

  /**
   * Opens the consumer. If no other receiver is there, what was delivered and
   * not acknowledged comes again, at once and in its order: to another process
   * that was killed, or to us over a connection that was cut.
   */
  async #open(): Promise<Consumer> {
    this.#stale = false;
    await this.#mailbox.ensure();
    const alone = !await this.#mailbox.has("receiver");
    if (alone) this.#buffer = [];
    return await this.#mailbox.consumer(alone);
  }

  async #fetch(consumer: Consumer) {
    // More lay there than we had asked for, and the reader has waited for it.
    const more = this.#starved && this.#pending > 0;
    const now = performance.now();
    if (more) this.#batch = Math.min(2 * this.#batch, MANY);
    else if (now - this.#requested > SLOW_MS) this.#batch = FEW;
    this.#starved = false;
    this.#requested = now;
    this.#request = await consumer.fetch({
      max_messages: this.#batch,
      expires: REQUEST_MS,
    });
    for await (const message of this.#request) {
      if (this.#stale) break;
      this.#buffer.push(message);
      this.#pending = message.info.pending;
      this.#change.happened();
    }
  }

  /** Tells the server that we still work on what we hold. */
  #hold() {
    const { nc } = this.#link;
    if (nc.isClosed()) return;
    this.#current?.working();
    for (const message of this.#buffer) message.working();
  }

  async #watchConnection() {
    for await (const { type } of this.#link.nc.status()) {
      if (type !== "reconnect") continue;
      this.#stale = true;
      this.#request?.stop();
    }
  }

  async #watchSenders() {
    const { nc } = this.#link;
    for await (const _ of nc.subscribe(this.#mailbox.news)) {
      this.#hadSender = true; // it may have closed before we ask
      this.#found = PENDING;
      this.#looked = -Infinity;
      this.#look();
    }
  }

  /** Asks the server whether a sender is there, and whether anything lies there. */
  async #look() {
    const now = performance.now();
    if (this.#looking || this.#closed || now - this.#looked < LOOK_MS) return;
    this.#looking = true;
    try {
      const found = await this.#senderOrEnd();
      if (this.#buffer.length === 0) this.#found = found;
    } catch (error) {
      this.#failure ??= lastingFailure(this.#link, error);
    }
    this.#looked = performance.now();
    this.#looking = false;
    if (this.#found === END || this.#failure) this.#change.happened();
  }

  async #senderOrEnd(): Promise<Found> {
    const here = await this.#mailbox.has("sender");
    const held = await this.#mailbox.held();
    if (here) this.#missed = undefined;
    if (held && held.messages > 0) {
      this.#hadSender = true;
      this.#askAgain();
      return PENDING;
    }
    if (here) {
      this.#hadSender = true;
      return PENDING;
    }
    // A sender that was cut off comes back; one that was killed does not.
    this.#missed ??= performance.now();
    const gone = !held || held.closed ||
      performance.now() - this.#missed > BACK_MS;
    return this.#hadSender && gone ? END : PENDING;
  }

  /**
   * Asks anew if something lies there and has not come: the server does not
   * answer a request to a consumer that another end has just made anew.
   */
  #askAgain() {
    const late = performance.now() - this.#requested > SLOW_MS;
    if (!late || this.#buffer.length > 0) return;
    this.#stale = true;
    this.#request?.stop();
  }

  async [Symbol.asyncDispose]() {
    clearInterval(this.#holding);
    this.#closed = true;
    this.#acknowledge();
    this.#request?.stop();
    this.#change.happened();
    if (!this.#link.nc.isClosed()) {
      for (const message of this.#buffer) message.nak(); // others may take it
    }
    await this.#mailbox.leave("receiver");
  }
}

const NEVER = new AbortController().signal;

/** The id that the sender has given a message. */
function idOf({ headers, seq }: JsMsg): string {
  return headers?.get("Nats-Msg-Id") || `${seq}`;
}

/** The ids of the last records. */
class RecentIds {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Adds an id, and forgets the oldest of too many. */
  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= IDS_KEPT) return;
    const [oldest] = this.#ids;
    this.#ids.delete(oldest);
  }
}
