/**
 * The receiving end of a channel as a consumer needs it: the mechanism gives
 * bytes, the inbox gives messages.
 *
 * @module
 */
import {
  CUT,
  END,
  isRefusal,
  type LOCKED,
  PENDING,
  type Receiver,
} from "../channel/mod.ts";
import {
  type Decoder,
  MAX_BODY,
  type Message,
  MessageError,
  PIPE_BUF,
} from "./message.ts";

const NONE = new Uint8Array(0);
/** More bytes than the longest message has with its header. */
const LONGEST_BYTES = MAX_BODY + 65_536;
/** How many bytes all streams together may have of unfinished messages. */
const MOST_KEPT = 16 * MAX_BODY;
/** So few of one stream are not counted: each stream has a descriptor, too. */
const FEW_KEPT = PIPE_BUF;
const KILLED = "Cannot read a message whose sender was killed in it";

/**
 * Turns what a receiver takes into messages.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { header, Message, mechanismNamed, send } from "@ipc-lab/ipc-lab";
 *
 * const { load, properties } = mechanismNamed("workers");
 * const { allocate, openReceiver, openSender } = await load();
 * const address = { memory: allocate?.({}) };
 * await using sender = await openSender(address);
 * await using receiver = await openReceiver(address);
 * const inbox = new Inbox(receiver, () => header.decoder(), properties.boundaries);
 *
 * const fields = { type: "data", from: "a", to: "b", seq: 1, priority: 0 };
 * await send(sender, header.encode(Message.of("any\nbytes", fields)));
 * const message = inbox.poll();
 * assertEquals(message instanceof Message && message.text, "any\nbytes");
 * ```
 */
export class Inbox<Item = Message> {
  #receiver: Receiver;
  #newDecoder: () => Decoder<Item>;
  #boundaries: boolean;
  /** If each sender has a stream of its own, each needs its own decoder. */
  #decoders = new Map<number, Decoder<Item>>();
  #decoder: Decoder<Item>;

  /**
   * Makes an inbox for a receiver. You still close the receiver yourself.
   *
   * @param newDecoder Makes a decoder, such as `() => header.decoder()`.
   * @param boundaries Does each record begin and end with a message?
   */
  constructor(
    receiver: Receiver,
    newDecoder: () => Decoder<Item>,
    boundaries: boolean,
  ) {
    this.#receiver = receiver;
    this.#newDecoder = newDecoder;
    this.#boundaries = boundaries;
    this.#decoder = newDecoder();
  }

  /**
   * Returns the next message, or what is wrong with it, or the reason why there
   * is none. A message is valid until the next call.
   *
   * In a flood of bytes without a message, it returns `PENDING` though more
   * bytes are there, because Ctrl-C works only between two calls.
   */
  poll():
    | Item
    | MessageError
    | typeof PENDING
    | typeof LOCKED
    | typeof END {
    let left = LONGEST_BYTES;
    for (;;) {
      const message = this.#decoder.next();
      if (message) return message;
      // The record ends inside a message: its sender wrote garbage.
      const torn = this.#boundaries ? this.#decoder.end() : undefined;
      if (torn) return torn;
      if (this.#keepsTooMuch()) {
        return this.#decoder.drop(
          `unfinished messages have ${MOST_KEPT} bytes already`,
        );
      }
      if (left <= 0) return PENDING;
      const bytes = this.#receiver.poll();
      if (isRefusal(bytes)) return bytes;
      if (bytes === END) return this.#decoder.end() ?? END;
      left -= bytes === CUT ? PIPE_BUF : bytes.length;
      const { stream } = this.#receiver;
      if (stream !== undefined) this.#decoder = this.#decoderOf(stream);
      if (bytes !== CUT) {
        this.#decoder.push(bytes);
      } else {
        const unfinished = this.#cut(stream);
        if (unfinished) return unfinished;
      }
    }
  }

  #keepsTooMuch(): boolean {
    if (this.#decoders.size < 2 || this.#decoder.kept <= FEW_KEPT) return false;
    let kept = 0;
    for (const decoder of this.#decoders.values()) kept += decoder.kept;
    return kept > MOST_KEPT;
  }

  #decoderOf(stream: number): Decoder<Item> {
    let decoder = this.#decoders.get(stream);
    if (!decoder) this.#decoders.set(stream, decoder = this.#newDecoder());
    return decoder;
  }

  #cut(stream?: number): MessageError | undefined {
    if (this.#boundaries) return new MessageError(KILLED, NONE, true);
    if (stream !== undefined) this.#decoders.delete(stream);
    return this.#decoder.end();
  }

  /** Takes out the messages that were read but not polled yet. */
  *drain(): Generator<Item | MessageError> {
    const all = new Set([this.#decoder, ...this.#decoders.values()]);
    for (const decoder of all) {
      for (let item; (item = decoder.next());) yield item;
    }
  }
}
