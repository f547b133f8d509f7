/**
 * The two ends of a channel as producer and consumer see them: messages, where
 * the mechanism has records.
 *
 * @module
 */
import type {
  ABSENT,
  FULL,
  PENDING,
  Receiver,
  Sender,
} from "../channel/channel.ts";
import { END } from "../channel/channel.ts";
import { errorCode, LabError } from "../error.ts";
import {
  type Decoder,
  type Format,
  MAX_BODY,
  type Message,
  MessageError,
  PIPE_BUF,
} from "./message.ts";

/** Options for {@linkcode Outbox}. */
export interface OutboxOptions {
  /**
   * May several messages travel in one record? Only where the link is a stream
   * of bytes, and then up to PIPE_BUF, so that two producers never tear
   * each other's messages.
   */
  gather: boolean;
}

/**
 * Where the producer puts its messages. As with stdio, what was put in has
 * gone only after {@linkcode flush}; that makes small messages cheap.
 */
export class Outbox {
  /** Messages put in so far. */
  accepted = 0;
  /** Messages that have gone out. */
  sent = 0;
  #sender: Sender;
  #format: Format;
  #gather: boolean;
  #buffer = new Uint8Array(PIPE_BUF);
  #used = 0;
  #priority = 0;

  constructor(sender: Sender, format: Format, { gather }: OutboxOptions) {
    this.#sender = sender;
    this.#format = format;
    this.#gather = gather;
  }

  /**
   * Puts a message in; refused, put the same one in again.
   *
   * @throws {MessageError} If it is too long for the mechanism, or the format
   * cannot carry it.
   */
  offer(message: Message): true | typeof FULL | typeof ABSENT {
    // A record longer than PIPE_BUF may be torn: let nobody else's be in it.
    if (this.#used > 0 && (!this.#gather || this.#used > PIPE_BUF)) {
      const gone = this.flush();
      if (gone !== true) return gone;
    }
    let end = this.#format.encode(message, this.#buffer, this.#used);
    if (end < 0 && this.#used > 0) {
      const gone = this.flush();
      if (gone !== true) return gone;
      end = this.#format.encode(message, this.#buffer, 0);
    }
    if (end < 0) {
      this.#buffer = new Uint8Array(message.end - message.start + PIPE_BUF);
      end = this.#format.encode(message, this.#buffer, 0);
    }
    if (
      end > this.#sender.limit || message.end - message.start > MAX_BODY
    ) {
      const limit = Math.min(this.#sender.limit, MAX_BODY);
      throw new MessageError(
        `Cannot send a message of more than ${limit} bytes`,
        message.body,
      );
    }
    this.#used = end;
    this.#priority = message.header?.priority ?? 0;
    this.accepted += message.count;
    return true;
  }

  /** Hands what was put in to the kernel; refused, flush again. */
  flush(): true | typeof FULL | typeof ABSENT {
    if (this.#used === 0) return true;
    const record = this.#buffer.subarray(0, this.#used);
    const offered = this.#sender.offer(record, this.#priority);
    if (offered !== true) return offered;
    this.#used = 0;
    this.sent = this.accepted;
    if (this.#buffer.length > PIPE_BUF) this.#buffer = new Uint8Array(PIPE_BUF);
    return true;
  }
}

/** Where the consumer finds its messages. */
export class Inbox {
  #receiver: Receiver;
  #format: Format;
  #boundaries: boolean;
  /** Where each sender has a stream of its own, each needs its own decoder. */
  #decoders = new Map<number, Decoder>();
  #decoder: Decoder;

  /** @param boundaries Is each record exactly one message? */
  constructor(receiver: Receiver, format: Format, boundaries: boolean) {
    this.#receiver = receiver;
    this.#format = format;
    this.#boundaries = boundaries;
    this.#decoder = format.decoder();
  }

  /**
   * The next message, what is wrong with it, or why there is none. A message
   * is valid until the next call.
   *
   * @param most Up to how many may come as a run.
   */
  poll(most = 1): Message | MessageError | typeof PENDING | typeof END {
    for (;;) {
      const message = this.#decoder.next(most);
      if (message) return message;
      // A record that ends inside a message: its sender wrote nonsense.
      const torn = this.#boundaries ? this.#decoder.end() : undefined;
      if (torn) return torn;
      const bytes = this.#receiver.poll();
      if (bytes === END) return this.#decoder.end() ?? END;
      if (typeof bytes === "symbol") return bytes;
      if (this.#receiver.stream !== undefined) {
        this.#decoder = this.#decoderOf(this.#receiver.stream);
      }
      if (bytes.length > 0) {
        this.#decoder.push(bytes);
      } else {
        const cut = this.#cutOff(bytes);
        if (cut) return cut;
      }
    }
  }

  #decoderOf(stream: number): Decoder {
    let decoder = this.#decoders.get(stream);
    if (!decoder) this.#decoders.set(stream, decoder = this.#format.decoder());
    return decoder;
  }

  #cutOff(bytes: Uint8Array): MessageError | undefined {
    if (this.#boundaries) {
      const reason = "Cannot read a message whose sender was killed in it";
      return new MessageError(reason, bytes, true);
    }
    const { stream } = this.#receiver;
    if (stream !== undefined) this.#decoders.delete(stream);
    return this.#decoder.end();
  }

  /** Takes out what a read has brought beyond the last message: how many more. */
  drain(): number {
    let count = 0;
    while (this.#decoder.next()) count++;
    return count;
  }
}

/** Is it the affair of the other end, or the system's, and no defect of ours? */
export function isForeign(error: unknown): error is Error {
  return error instanceof LabError || error instanceof MessageError ||
    errorCode(error) !== undefined;
}
