/**
 * Synchronous message passing, a rendezvous: the sender waits until the
 * receiver has taken the message. The channel itself is one-way, so the
 * receiver acknowledges each message over a second channel, which the sender
 * names in Reply-To.
 *
 * @module
 */
import {
  ABSENT,
  END,
  isRefusal,
  type Mechanism,
  NAME,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/mod.ts";
import { isExpected } from "../error.ts";
import { header as format } from "../message/header.ts";
import { Inbox } from "../message/inbox.ts";
import { type Header, Message, recordOf } from "../message/message.ts";
import { waitFor, type WaitOptions } from "../wait/wait_for.ts";
import { UNIQUE_LENGTH } from "./channel_flags.ts";

/** How many messages are read at once before the event loop runs again. */
const MESSAGES_AT_ONCE = 256;

/** How long (ms) a producer may take to make room for its acknowledgement. */
const ROOM_MS = 1000;

type OpenReceiver = Receiver & (Disposable | AsyncDisposable);
type OpenSender = Sender & (Disposable | AsyncDisposable);

/** The sender's side: receives the acknowledgements of its messages. */
export class Acknowledgements implements AsyncDisposable {
  /** The name of the mailbox that receives them. */
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

  /**
   * Opens a mailbox under a name that no producer has used before: so this run
   * never mistakes an acknowledgement of an earlier run for one of its own.
   *
   * @param name How the mailbox's name begins.
   */
  static async open(
    mechanism: Mechanism,
    name: string,
  ): Promise<Acknowledgements> {
    const { openReceiver } = await mechanism.load();
    const unique = crypto.randomUUID().slice(0, UNIQUE_LENGTH - 1);
    const mailbox = `${name}.${unique}`;
    const receiver = await openReceiver({ name: mailbox });
    const { boundaries } = mechanism.properties;
    return new Acknowledgements(mailbox, receiver, boundaries);
  }

  /** Waits until the receiver has taken the message with that number. */
  async of(seq: number, wait: WaitOptions): Promise<void> {
    const look = () => {
      for (let i = 0; i < MESSAGES_AT_ONCE; i++) {
        const found = this.#inbox.poll();
        if (found === END || isRefusal(found)) return PENDING;
        if (found instanceof Message && found.header?.seq === seq) return true;
      }
      return PENDING;
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
  #channel: string;
  #from: string;
  #wait: WaitOptions;
  #replyTo?: string;
  #sender?: OpenSender;

  /**
   * @param channel The name of the channel that the messages come from.
   * @param from The name of the process that acknowledges them.
   */
  constructor(
    mechanism: Mechanism,
    channel: string,
    from: string,
    wait: WaitOptions,
  ) {
    this.#mechanism = mechanism;
    this.#channel = channel;
    this.#from = from;
    this.#wait = wait;
  }

  /**
   * Acknowledges a message that asks for it.
   *
   * @returns A warning if it cannot.
   */
  async answer({ replyTo, from, seq }: Header): Promise<string | undefined> {
    if (replyTo === undefined) return undefined;
    const { name: via, properties } = this.#mechanism;
    if (properties.openedBy !== "name") {
      return `Cannot answer to '${replyTo}' as no channel has a name over ${via}`;
    }
    // A mailbox lies in run/ and belongs to this channel, or it is refused.
    const prefix = `${this.#channel}.`;
    if (!NAME.test(replyTo) || !replyTo.startsWith(prefix)) {
      return `Cannot answer to '${replyTo}': it must begin with '${prefix}'`;
    }
    const header = { type: "taken", from: this.#from, to: from, priority: 0 };
    const answer = Message.of("", { ...header, seq });
    try {
      if (await this.#send(replyTo, answer)) return undefined;
      await this.#close();
      return `Nobody reads '${replyTo}': its producer has gone`;
    } catch (error) {
      this.#wait.signal?.throwIfAborted();
      if (!isExpected(error)) throw error;
      return `Cannot answer on ${replyTo}: ${error.message}`;
    }
  }

  /** @returns Does a producer read it? @throws {TimeoutError} If it is full. */
  async #send(replyTo: string, answer: Message): Promise<boolean> {
    const { openSender, remove } = await this.#mechanism.load();
    const { outlives } = this.#mechanism.properties;
    // A mailbox that outlives its reader would take an answer in vain.
    if (outlives && !await this.#isRead(replyTo)) {
      await remove({ name: replyTo }); // a killed producer left it
      return false;
    }
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
    return await waitFor(offer, ready, { ...this.#wait, timeout: ROOM_MS });
  }

  /** Has a producer that mailbox open? */
  async #isRead(replyTo: string): Promise<boolean> {
    const open = replyTo === this.#replyTo ? this.#sender : undefined;
    // To look from outside takes a new connection to a server.
    if (open?.hasReceiver) return await open.hasReceiver();
    const { inspect } = await this.#mechanism.load();
    return (await inspect?.({ name: replyTo }))?.receiver ?? false;
  }

  async #close() {
    const replyTo = this.#replyTo;
    {
      await using _sender = this.#sender;
      this.#sender = this.#replyTo = undefined;
    }
    // A killed producer leaves its mailbox, under a name that nobody uses again.
    if (replyTo === undefined || await this.#isRead(replyTo)) return;
    const { remove } = await this.#mechanism.load();
    await remove({ name: replyTo });
  }

  [Symbol.asyncDispose]() {
    return this.#close();
  }
}
