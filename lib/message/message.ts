/**
 * A message: header and body, and what a wire format does with them. Formats
 * know no mechanism, mechanisms know no format.
 *
 * @module
 */

import { LabError } from "../error.ts";

/** The longest body, in bytes: 1 MiB. What is longer is refused on both sides. */
export const MAX_BODY = 1_048_576;

/** Bytes that the kernel writes to a pipe in one piece: PIPE_BUF, pipe(7). */
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
  /** The channel on which an answer is expected. */
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
   * A message of those bytes.
   *
   * @param body Bytes; a message that was read holds them until the next read.
   */
  constructor(readonly body: Uint8Array, readonly header?: Header) {}

  /** A message with that text as its body. */
  static of(text: string, header?: Header): Message {
    return new Message(encoder.encode(text), header);
  }

  /** The body read as UTF-8. */
  get text(): string {
    return decoder.decode(this.body);
  }
}

/** Why a message could not be read or sent. A value, for reading goes on after it. */
export class MessageError extends LabError {
  /** The class's name, for `error.name`. */
  override name = "MessageError";
  /**
   * The error, with the beginning of the bytes in its text.
   *
   * @param reason What is wrong and what is allowed.
   * @param bytes What was there instead; its beginning is quoted.
   * @param torn Was it cut off because its sender went in the middle?
   */
  constructor(reason: string, bytes: Uint8Array, readonly torn = false) {
    super(`${reason}: ${quote(bytes)}`);
  }
}

const QUOTED = 32; // bytes of a bad message that an error shows

/**
 * The beginning of some bytes, fit for a line of log: no line break, no control
 * character, at most 32 bytes.
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
  for (const byte of bytes.subarray(0, QUOTED)) {
    if (byte === NEWLINE) text += "\\n";
    else if (byte === 34 || byte === 92) {
      text += "\\" + String.fromCharCode(byte);
    } else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += "\\x" + byte.toString(16).padStart(2, "0");
  }
  return bytes.length > QUOTED
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

/** How messages lie in a stream of bytes. */
export interface Format {
  /** As in `--format=NAME`. */
  name: string;
  /**
   * The message as bytes, ready to be sent.
   *
   * @throws {MessageError} If the format cannot carry such a body.
   */
  encode(message: Message): Uint8Array;
  /** A fresh {@linkcode Decoder}. */
  decoder(): Decoder;
}

/** Finds the messages in the bytes as they arrive, however they were cut. */
export interface Decoder<Item = Message> {
  /** Takes bytes. All messages of the last ones must have been taken out. */
  push(bytes: Uint8Array): void;
  /** The next whole message, or what is wrong with it; `undefined`: more bytes. */
  next(): Item | MessageError | undefined;
  /** No more bytes will come: what was left unfinished, if anything was. */
  end(): MessageError | undefined;
}

/**
 * A message as the record that a sender takes.
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
  if (record.length <= limit && message.body.length <= MAX_BODY) return record;
  throw new MessageError(
    `Cannot send a message of more than ${Math.min(limit, MAX_BODY)} bytes`,
    message.body,
  );
}
