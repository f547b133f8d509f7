/**
 * A message: header and body, and what a wire format does with them. Formats
 * know no mechanism, mechanisms know no format.
 *
 * @module
 */

/** The longest body, in bytes: 1 MiB. What is longer is refused on both sides. */
export const MAX_BODY = 1_048_576;

/** Bytes that the kernel writes to a pipe in one piece: PIPE_BUF, pipe(7). */
export const PIPE_BUF = 4096;

/** The lab sheet's header, field by field. */
export interface Header {
  type: string;
  from: string;
  to: string;
  /** Sequence number: 1 for a sender's first message. */
  seq: number;
  /** 0 is the lowest. */
  priority: number;
  /** The channel on which an answer is expected. */
  replyTo?: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * One message. It is a place in a buffer, and the body becomes an array of its
 * own only when somebody asks for it: at ten million lines a second, most
 * nobody does.
 *
 * Where nobody looks at each, one can stand for a run of them, as they lie one
 * after another: {@linkcode count} messages, and between their bodies what the
 * format puts there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const message = new Message(new TextEncoder().encode("7\n8\n"), 2, 3);
 * assertEquals(message.body, new Uint8Array([56]));
 * assertEquals(message.text, "8");
 * assertEquals(Message.of("8").text, "8");
 *
 * const run = new Message(message.bytes, 0, 3, undefined, 2);
 * assertEquals([run.count, run.text], [2, "7\n8"]);
 * ```
 */
export class Message {
  /**
   * @param bytes The buffer; it may be used again once the message is done with.
   * @param start Where the body starts.
   * @param end Where it ends, exclusive.
   * @param count How many messages it stands for.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly start: number,
    readonly end: number,
    readonly header?: Header,
    readonly count = 1,
  ) {}

  /** A message with that text as its body. */
  static of(text: string, header?: Header): Message {
    const bytes = encoder.encode(text);
    return new Message(bytes, 0, bytes.length, header);
  }

  /** The body's bytes, seen in place. */
  get body(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** The body read as UTF-8. */
  get text(): string {
    return decoder.decode(this.body);
  }
}

/** Why a message could not be read or sent. A value, for reading goes on after it. */
export class MessageError extends Error {
  override name = "MessageError";
  /**
   * @param reason What is wrong and what is allowed.
   * @param bytes What was there instead; its beginning is quoted.
   * @param torn Was it cut off, its sender gone in the middle?
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
    if (byte === 10) text += "\\n";
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

/** What `--verbose` says of a message. */
export function sizeLine({ start, end }: Message, seq: number): string {
  const size = end - start;
  return `Message ${seq}: ${size} ${size === 1 ? "byte" : "bytes"}`;
}

/** How messages lie in a stream of bytes. */
export interface Format {
  name: string;
  /**
   * Writes a message into a buffer.
   *
   * @param at Where to write.
   * @returns Where it ends, or -1 where the buffer has no room for it.
   * @throws {MessageError} If the format cannot carry such a body.
   */
  encode(message: Message, into: Uint8Array, at: number): number;
  /** A fresh {@linkcode Decoder}. */
  decoder(): Decoder;
}

/** Finds the messages in the bytes as they arrive, however they were cut. */
export interface Decoder {
  /** Takes bytes. All messages of the last ones must have been taken out. */
  push(bytes: Uint8Array): void;
  /**
   * The next whole message, or what is wrong with it; `undefined`: more bytes.
   *
   * @param most Up to how many may come as a run; there may be fewer, and on the
   * wire they take no more than {@linkcode PIPE_BUF}. @default {1}
   */
  next(most?: number): Message | MessageError | undefined;
  /** No more bytes will come: what was left unfinished, if anything was. */
  end(): MessageError | undefined;
}
