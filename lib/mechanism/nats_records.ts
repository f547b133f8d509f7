/**
 * The records of a mailbox on their way to a receiver: they are asked for
 * before the reader wants them, and wait here for it.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { LabError } from "../error.ts";
import { Change } from "../wait/change.ts";
import { AGAIN_MS, lastingFailure } from "./nats_link.ts";
import { ACK_WAIT_MS, type Mailbox } from "./nats_mailbox.ts";

/** Records that are asked for at once: few at first, more for a fast reader. */
const FEW = 8;
const MANY = 32;
/** With so many left, the next ones are asked for. */
const LOW = FEW / 2;
/** A reader that takes longer (ms) for them is slow: it leaves more to others. */
const SLOW_MS = 1000;
/**
 * How long (ms) the server keeps a request open. One that reached no consumer,
 * as another end has just made it anew, has no answer: it ends as soon.
 */
const REQUEST_MS = 5000;

const NEVER = new AbortController().signal;

/** Records that were delivered, and that the reader has not taken yet. */
export class Records {
  /** Why no more come. */
  failure?: LabError;
  readonly #mailbox: Mailbox;
  readonly #change: Change; // for the reader
  readonly #low = new Change(); // for us: the reader has taken some
  readonly #holding: ReturnType<typeof setInterval>;
  #buffer: JsMsg[] = [];
  #behind = 0; // records that lay there behind the last that came
  #batch = FEW;
  #request?: ConsumerMessages;
  #requested = -Infinity; // when we last asked for records
  #starved = false; // did the reader find nothing since we asked?
  #stale = true; // must the consumer be opened, or opened again?
  #closed = false;

  /** @param change It happens when a record has come, or none will. */
  constructor(mailbox: Mailbox, change: Change) {
    this.#mailbox = mailbox;
    this.#change = change;
    // The server takes a silent receiver for dead, and gives to another one
    // what this one holds.
    this.#holding = setInterval(() => this.#hold(), ACK_WAIT_MS / 5);
    this.#watchConnection();
    this.#work();
  }

  /** How many wait for the reader. */
  get length(): number {
    return this.#buffer.length;
  }

  /** How many wait here or lay on the server when we last heard of it. */
  get unread(): number {
    return this.#buffer.length + this.#behind;
  }

  /** Takes the next record. */
  take(): JsMsg | undefined {
    const record = this.#buffer.shift();
    if (!record) this.#starved = true;
    else if (this.#buffer.length === LOW) this.#low.happened();
    return record;
  }

  /**
   * Asks anew if something lies there and has not come: the server does not
   * answer a request to a consumer that another end has just made anew.
   */
  askAgain(): void {
    const late = performance.now() - this.#requested > SLOW_MS;
    if (!late || this.#buffer.length > 0) return;
    this.#stale = true;
    this.#request?.stop();
  }

  /** Asks for records until the end is closed. */
  async #work() {
    let consumer: Consumer | undefined;
    while (!this.#closed) {
      try {
        if (this.#stale || !consumer) consumer = await this.#open();
        if (this.#buffer.length > LOW) await this.#low.next(NEVER);
        else await this.#fetch(consumer);
      } catch (error) {
        this.failure = lastingFailure(this.#mailbox.link, error);
        this.#change.happened();
        if (this.failure || this.#closed) return;
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
    const alone = !await this.#mailbox.presence.has("receiver");
    if (alone) this.#buffer = [];
    return await this.#mailbox.consumer(alone);
  }

  async #fetch(consumer: Consumer) {
    // More lay there than we had asked for, and the reader has waited for it.
    const more = this.#starved && this.#behind > 0;
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
      this.#behind = message.info.pending;
      this.#change.happened();
    }
  }

  /** Tells the server that we still work on what waits here. */
  #hold() {
    if (this.#mailbox.link.nc.isClosed()) return;
    for (const message of this.#buffer) message.working();
  }

  async #watchConnection() {
    for await (const { type } of this.#mailbox.link.nc.status()) {
      if (type !== "reconnect") continue;
      this.#stale = true;
      this.#request?.stop();
      this.#low.happened();
    }
  }

  /** Asks for no more, and leaves to others what waits here. */
  close(): void {
    clearInterval(this.#holding);
    this.#closed = true;
    this.#request?.stop();
    this.#low.happened();
    if (this.#mailbox.link.nc.isClosed()) return;
    for (const message of this.#buffer) message.nak();
  }
}
