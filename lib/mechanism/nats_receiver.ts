/**
 * The receiving end of a mailbox on a NATS server. It acknowledges a record
 * when the reader asks for the next: by then it has been read. Until then the
 * server keeps it.
 *
 * @module
 */
import type { JsMsg } from "@nats-io/jetstream";
import type { Address, Receiver } from "../channel/mod.ts";
import { Change } from "../wait/change.ts";
import { EndWatch, LOOK_MS, type Nothing } from "./nats_end.ts";
import { ACK_WAIT_MS, Mailbox } from "./nats_mailbox.ts";
import { Records } from "./nats_records.ts";

/** How long (ms) an opening receiver waits for what lies there already. */
const FIRST_MS = 500;
/** How many ids of records are kept, to find a repeat. */
const IDS_KEPT = 10_000;

/** Opens the receiving end. */
export async function openReceiver(
  address: Address,
  server?: string,
): Promise<NatsReceiver> {
  const mailbox = await Mailbox.open(address, server);
  try {
    await mailbox.presence.enter("receiver", address.exclusive);
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
  readonly #change = new Change();
  readonly #records: Records;
  readonly #end: EndWatch;
  readonly #ids = new RecentIds();
  readonly #holding: ReturnType<typeof setInterval>;
  /** The record that the reader has, not acknowledged yet. */
  #current?: JsMsg;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
    this.#records = new Records(mailbox, this.#change);
    this.#end = new EndWatch(mailbox, this.#records, this.#change);
    this.#holding = setInterval(() => this.#hold(), ACK_WAIT_MS / 5);
  }

  /** Waits for the first record, for FIRST_MS at most. */
  async first(): Promise<void> {
    const timeout = AbortSignal.timeout(FIRST_MS);
    while (this.#records.length === 0 && !timeout.aborted) {
      await this.#change.next(timeout).catch(() => {}); // it is the timeout
    }
  }

  get #failure() {
    return this.#records.failure ?? this.#end.failure;
  }

  poll(): Uint8Array | Nothing {
    this.#acknowledge();
    if (this.#failure) throw this.#failure;
    for (let next; (next = this.#records.take());) {
      if (this.#ids.has(idOf(next))) {
        next.ack(); // a repeat: the acknowledgement before was lost
        continue;
      }
      this.#ids.add(idOf(next));
      this.#current = next;
      this.#end.sawRecord();
      return next.data;
    }
    this.#end.look();
    return this.#end.found;
  }

  #acknowledge() {
    if (!this.#mailbox.link.nc.isClosed()) this.#current?.ack();
    this.#current = undefined;
  }

  async readable(signal: AbortSignal): Promise<void> {
    if (this.#records.length > 0 || this.#failure) return;
    this.#end.look();
    const timer = setTimeout(() => this.#change.happened(), LOOK_MS);
    try {
      await this.#change.next(signal);
    } finally {
      clearTimeout(timer);
    }
  }

  unread() {
    return { messages: this.#records.unread };
  }

  /** Tells the server that the reader still works on its record. */
  #hold() {
    if (!this.#mailbox.link.nc.isClosed()) this.#current?.working();
  }

  async [Symbol.asyncDispose]() {
    clearInterval(this.#holding);
    this.#end.close();
    this.#records.close();
    await this.#mailbox.leave("receiver", this.#current);
  }
}

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
