/**
 * Synchronous message passing: the sender waits until the receiver has taken
 * the message. The link itself is one-way, so the receiver says so over a second
 * one, which the sender names in Reply-To.
 *
 * @module
 */
import {
  type Address,
  END,
  type Mechanism,
  NAME,
  PENDING,
  type Receiver,
  type Sender,
} from "./channel.ts";
import { header as format } from "./format/header.ts";
import { Inbox, Outbox } from "./mailbox.ts";
import { type Header, Message } from "./message.ts";
import { waitFor, type WaitOptions } from "./wait.ts";

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
    if (replyTo !== this.#replyTo) {
      await this.#sender?.[Symbol.asyncDispose]();
      const { openSender } = await this.#mechanism.load();
      this.#sender = await openSender({ name: replyTo });
      this.#replyTo = replyTo;
    }
    const sender = this.#sender;
    if (!sender) return undefined;
    const { boundaries } = this.#mechanism.properties;
    const outbox = new Outbox(sender, format, { gather: !boundaries });
    const header = { type: "taken", from: this.#from, to: from, priority: 0 };
    outbox.offer(Message.of("", { ...header, seq }));
    const ready = (signal: AbortSignal) => sender.writable(signal);
    await waitFor(() => outbox.flush(), ready, this.#wait);
  }

  async [Symbol.asyncDispose]() {
    await this.#sender?.[Symbol.asyncDispose]();
  }
}
