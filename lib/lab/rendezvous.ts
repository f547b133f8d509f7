/**
 * Synchronous message passing: the sender waits until the receiver has taken
 * the message. The link itself is one-way, so the receiver says so over a second
 * one, which the sender names in Reply-To.
 *
 * @module
 */
import {
  ABSENT,
  type Address,
  END,
  type Mechanism,
  NAME,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/channel.ts";
import { header as format } from "../message/header.ts";
import { Inbox, isForeign, Outbox } from "../message/mailbox.ts";
import { type Header, Message } from "../message/message.ts";
import { waitFor, type WaitOptions } from "../wait/wait.ts";

/** Milliseconds for one who waits for an answer to make room for it. */
const PATIENCE = 1000;

/** The sender's side: hears that its messages were taken. */
export class Deliveries implements AsyncDisposable {
  /** The channel on which it hears. */
  readonly replyTo: string;
  #receiver;
  #inbox;

  private constructor(
    replyTo: string,
    receiver: Receiver,
    boundaries: boolean,
  ) {
    this.replyTo = replyTo;
    this.#receiver = receiver;
    this.#inbox = new Inbox(receiver, format, boundaries);
  }

  /** Opens a mailbox for the answers. */
  static async open(mechanism: Mechanism, mailbox: Address) {
    const { openReceiver } = await mechanism.load();
    const receiver = await openReceiver(mailbox);
    const { boundaries } = mechanism.properties;
    return new Deliveries(mailbox.name, receiver, boundaries);
  }

  /** Waits until the message of that number was taken. */
  async of(seq: number, wait: WaitOptions): Promise<void> {
    const look = () => {
      for (;;) {
        const found = this.#inbox.poll();
        if (found === END) return PENDING;
        if (typeof found === "symbol") return found;
        if (found instanceof Message && found.header?.seq === seq) return true;
      }
    };
    await waitFor(look, (signal) => this.#receiver.readable(signal), wait);
  }

  [Symbol.asyncDispose]() {
    return this.#receiver[Symbol.asyncDispose]();
  }
}

/** The receiver's side: says that it has taken a message. */
export class Receipts implements AsyncDisposable {
  #mechanism: Mechanism;
  #from: string;
  #wait: WaitOptions;
  #replyTo?: string;
  #sender?: Sender;

  constructor(mechanism: Mechanism, from: string, wait: WaitOptions) {
    this.#mechanism = mechanism;
    this.#from = from;
    this.#wait = wait;
  }

  /**
   * Answers a message that asks for it.
   *
   * @returns What is wrong, if it cannot.
   */
  async answer({ replyTo, from, seq }: Header): Promise<string | undefined> {
    if (replyTo === undefined) return undefined;
    if (!NAME.test(replyTo)) {
      return `Cannot answer to '${replyTo}': it is no channel's name`;
    }
    const header = { type: "taken", from: this.#from, to: from, priority: 0 };
    const answer = Message.of("", { ...header, seq });
    try {
      if (await this.#send(replyTo, answer)) return undefined;
      await this.#hangUp();
      return `Nobody reads ${replyTo}: its producer has gone`;
    } catch (error) {
      this.#wait.signal?.throwIfAborted();
      if (!isForeign(error)) throw error;
      return `Cannot answer on ${replyTo}: ${error.message}`;
    }
  }

  /** @returns `false`: nobody reads it. @throws {TimeoutError} If there is no room. */
  async #send(replyTo: string, answer: Message): Promise<boolean> {
    const { heard, openSender } = await this.#mechanism.load();
    const { boundaries, outlives } = this.#mechanism.properties;
    // What outlives its readers takes an answer even if nobody reads.
    if (outlives && !await heard?.({ name: replyTo })) return false;
    if (replyTo !== this.#replyTo) {
      await this.#hangUp();
      this.#sender = await openSender({ name: replyTo });
      this.#replyTo = replyTo;
    }
    const sender = this.#sender;
    if (!sender) return false;
    const outbox = new Outbox(sender, format, { gather: !boundaries });
    outbox.offer(answer);
    const flush = () => {
      const gone = outbox.flush();
      return gone === ABSENT ? false : gone;
    };
    const ready = (signal: AbortSignal) => sender.writable(signal);
    const wait = { ...this.#wait, timeout: PATIENCE };
    return await waitFor(flush, ready, wait);
  }

  async #hangUp() {
    const sender = this.#sender;
    this.#sender = this.#replyTo = undefined;
    await sender?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose]() {
    return this.#hangUp();
  }
}
