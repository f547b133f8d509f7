/**
 * Synchronous message passing, a rendezvous: the sender waits until the receiver
 * has taken the message. The channel itself is one-way, so the receiver
 * acknowledges each message over a second channel, which the sender names in
 * Reply-To.
 *
 * @module
 */
import {
  ABSENT,
  END,
  type Mechanism,
  NAME,
  type NamedAddress,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/mod.ts";
import { isExpected } from "../error.ts";
import { header as format } from "../message/header.ts";
import { Inbox } from "../message/inbox.ts";
import { type Header, Message, recordOf } from "../message/message.ts";
import { waitFor, type WaitOptions } from "../wait/wait_for.ts";

/** How long (ms) a producer may take to make room for its acknowledgement. */
const PATIENCE_MS = 1000;

type OpenReceiver = Receiver & (Disposable | AsyncDisposable);
type OpenSender = Sender & (Disposable | AsyncDisposable);

/** The sender's side: receives the acknowledgements of its messages. */
export class Acknowledgements implements AsyncDisposable {
  /** The channel on which they come. */
  readonly replyTo: string;
  #receiver: OpenReceiver;
  #inbox: Inbox;

  private constructor(
    replyTo: string,
    receiver: OpenReceiver,
    boundaries: boolean,
  ) {
    this.replyTo = replyTo;
    this.#receiver = receiver;
    this.#inbox = new Inbox(receiver, () => format.decoder(), boundaries);
  }

  /** Opens a mailbox for them. */
  static async open(mechanism: Mechanism, mailbox: NamedAddress) {
    const { openReceiver } = await mechanism.load();
    const receiver = await openReceiver(mailbox);
    const { boundaries } = mechanism.properties;
    return new Acknowledgements(mailbox.name, receiver, boundaries);
  }

  /** Waits until the message of that number was taken. */
  async of(seq: number, wait: WaitOptions): Promise<void> {
    const look = () => {
      for (;;) {
        const found = this.#inbox.poll();
        if (found === END || found === PENDING) return PENDING;
        if (found instanceof Message && found.header?.seq === seq) return true;
      }
    };
    await waitFor(look, (signal) => this.#receiver.readable(signal), wait);
  }

  async [Symbol.asyncDispose]() {
    await using _receiver = this.#receiver;
  }
}

/** The receiver's side: acknowledges messages. */
export class Acknowledger implements AsyncDisposable {
  #mechanism: Mechanism;
  #from: string;
  #wait: WaitOptions;
  #replyTo?: string;
  #sender?: OpenSender;

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
      await this.#close();
      return `Nobody reads ${replyTo}: its producer has gone`;
    } catch (error) {
      this.#wait.signal?.throwIfAborted();
      if (!isExpected(error)) throw error;
      return `Cannot answer on ${replyTo}: ${error.message}`;
    }
  }

  /** @returns `false`: nobody reads it. @throws {TimeoutError} If there is no room. */
  async #send(replyTo: string, answer: Message): Promise<boolean> {
    const { inspect, openSender } = await this.#mechanism.load();
    const { outlives } = this.#mechanism.properties;
    // What outlives its readers takes an answer even if nobody reads.
    const there = outlives ? await inspect?.({ name: replyTo }) : undefined;
    if (outlives && !there?.receiver) return false;
    if (replyTo !== this.#replyTo) {
      await this.#close();
      this.#sender = await openSender({ name: replyTo });
      this.#replyTo = replyTo;
    }
    const sender = this.#sender;
    if (!sender) return false;
    const record = recordOf(answer, format, sender.limit);
    const offer = () => {
      const offered = sender.offer(record);
      return offered === ABSENT ? false : offered;
    };
    const ready = (signal: AbortSignal) => sender.writable(signal);
    return await waitFor(offer, ready, { ...this.#wait, timeout: PATIENCE_MS });
  }

  async #close() {
    await using _sender = this.#sender;
    this.#sender = this.#replyTo = undefined;
  }

  [Symbol.asyncDispose]() {
    return this.#close();
  }
}
