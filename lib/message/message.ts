/**
 * A message: header and body, and what a wire format does with them. No format
 * depends on a mechanism, and no mechanism on a format.
 *
 * @module
 */

import { LabError } from "../error.ts";

/**
 * The longest body, in bytes: 1 MiB. Both ends refuse a longer one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(MAX_BODY, 2 ** 20);
 * ```
 */
export const MAX_BODY = 1_048_576;

/** How many bytes a pipe takes in one piece: PIPE_BUF, pipe(7). */
export const PIPE_BUF = 4096;

/** The byte that ends a line. */
export const NEWLINE = 10;

/** The lab sheet's header, field by field. */
export interface Header {
  /** What kind of message it is, such as `data`. */
  type: string;
  /** The sender's name. */
  from: string;
  /** The receiver's name. */
  to: string;
  /** Sequence number: 1 for a sender's first message. */
  seq: number;
  /** 0 is the lowest. */
  priority: number;
  /** The name of the channel on which the sender expects an answer. */
  replyTo?: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One message.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new Message(new Uint8Array([56])).text, "8");
 * assertEquals(Message.of("8").body, new Uint8Array([56]));
 * ```
 */
export class Message {
  /**
   * Makes a message of bytes.
   *
   * @param body The bytes; a received message has them until the next read.
   */
  constructor(readonly body: Uint8Array, readonly header?: Header) {}

  /** Makes a message of text. */
  static of(text: string, header?: Header): Message {
    return new Message(encoder.encode(text), header);
  }

  /** The body, decoded as UTF-8. */
  get text(): string {
    return decoder.decode(this.body);
  }
}

/**
 * Why a message cannot be read or sent. A value: reading goes on after it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const error = new MessageError("Cannot read a line", new Uint8Array([255]));
 * assertEquals(error.message, 'Cannot read a line: "\\xff"');
 * ```
 */
export class MessageError extends LabError {
  /** The class's name, for `error.name`. */
  override name = "MessageError";
  /**
   * Makes the error, which quotes the beginning of the bytes.
   *
   * @param reason What is wrong and what is allowed.
   * @param bytes The bytes that are wrong.
   * @param torn Was it cut off because its sender went in the middle?
   */
  constructor(reason: string, bytes: Uint8Array, readonly torn = false) {
    super(`${reason}: ${quote(bytes)}`);
  }
}

const QUOTED_BYTES = 32; // of a bad message, in an error

/**
 * The beginning of some bytes, for a line of the log: at most 32 bytes, with
 * line breaks and control characters escaped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quote(new Uint8Array([104, 105, 10, 255])), '"hi\\n\\xff"');
 * assertEquals(
 *   quote(new Uint8Array(1000).fill(97)),
 *   `"${"a".repeat(32)}..." (1000 bytes)`,
 * );
 * ```
 */
export function quote(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, QUOTED_BYTES)) {
    if (byte === NEWLINE) text += "\\n";
    else if (byte === 34 || byte === 92) {
      text += "\\" + String.fromCharCode(byte);
    } else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += "\\x" + byte.toString(16).padStart(2, "0");
  }
  return bytes.length > QUOTED_BYTES
    ? `"${text}..." (${bytes.length} bytes)`
    : `"${text}"`;
}

/** Joins buffers into a new one. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** How messages are written as bytes. */
export interface Format {
  /** As in `--format=NAME`. */
  name: string;
  /**
   * Returns the message as bytes, ready to be sent.
   *
   * @throws {MessageError} If the format cannot carry the body.
   */
  encode(message: Message): Uint8Array;
  /** Makes a {@linkcode Decoder}. */
  decoder(): Decoder;
}

/** Finds the messages in bytes that arrive in pieces of any size. */
export interface Decoder<Item = Message> {
  /** Takes bytes. First take all messages out of the bytes before. */
  push(bytes: Uint8Array): void;
  /** The next message, or what is wrong with it; `undefined`: push more. */
  next(): Item | MessageError | undefined;
  /** Call it after the last bytes. @returns An error if a message is torn. */
  end(): MessageError | undefined;
  /** How many bytes of an unfinished message it keeps. */
  readonly kept: number;
  /**
   * Forgets the unfinished message, and skips the rest of it when that comes.
   *
   * @param why Completes "Cannot read a message as ".
   */
  drop(why: string): MessageError;
}

/**
 * Makes the record of a message, which a sender takes.
 *
 * @param limit The longest record, in bytes: `Sender.limit`.
 * @throws {MessageError} If it is too long, or the format cannot carry it.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { line } from "./line.ts";
 *
 * assertEquals(recordOf(Message.of("7"), line, 8), new Uint8Array([55, 10]));
 * assertThrows(() => recordOf(Message.of("12345678"), line, 8), MessageError);
 * ```
 */
export function recordOf(
  message: Message,
  format: Format,
  limit: number,
): Uint8Array {
  const record = format.encode(message);
  const { body } = message;
  if (record.length > limit) throw tooLong(body, limit);
  if (body.length > MAX_BODY) throw tooLong(body, MAX_BODY);
  return record;
}

/**
 * The error of a message whose record is longer than the channel takes.
 *
 * @param limit The longest record, in bytes.
 */
export function tooLong(body: Uint8Array, limit: number): MessageError {
  // Only a FIFO that several share has this limit.
  const why = limit === PIPE_BUF
    ? " while several write or read, as it could be torn"
    : "";
  return new MessageError(
    `Cannot send a message of more than ${limit} bytes${why}`,
    body,
  );
}
