import { crc32 } from "./crc32.ts";
import {
  concat,
  type Decoder,
  type Format,
  type Header,
  MAX_BODY,
  Message,
  MessageError,
  NEWLINE,
} from "./message.ts";

const NONE = new Uint8Array(0);
const LINE_END = new Uint8Array([NEWLINE]);
const MAX_HEADER_BYTES = 8192;
const FIRST_FIELD = "Type: ";
const encoder = new TextEncoder();
const START = encoder.encode("\n" + FIRST_FIELD);
const decoder = new TextDecoder();

/**
 * Header fields as in HTTP, an empty line, the body, a newline. The body can
 * have any bytes; `cat` still shows the message. `Checksum` is the CRC-32 of the
 * body: a body that was torn and mixed with another has the right length, too.
 * A peer may leave it out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Message } from "./message.ts";
 *
 * const fields = { type: "data", from: "process1", to: "process2", seq: 1, priority: 0 };
 * assertEquals(
 *   new TextDecoder().decode(header.encode(Message.of("any\nbytes", fields))),
 *   "Type: data\nFrom: process1\nTo: process2\nSeq: 1\nPriority: 0\n" +
 *     "Checksum: crc32 c7a0318d\nContent-Length: 9\n\nany\nbytes\n",
 * );
 * ```
 */
export const header: Format = {
  name: "header",
  encode({ body, header: h }) {
    if (!h) throw new TypeError("Cannot encode a message without a header");
    const head = encoder.encode(
      `${FIRST_FIELD}${h.type}\nFrom: ${h.from}\nTo: ${h.to}\n` +
        (h.replyTo === undefined ? "" : `Reply-To: ${h.replyTo}\n`) +
        `Seq: ${h.seq}\nPriority: ${h.priority}\nChecksum: ${
          checksum(body)
        }\n` +
        `Content-Length: ${body.length}\n\n`,
    );
    return concat(head, body, LINE_END);
  },
  decoder: () => headerDecoder(),
};

/**
 * Makes a decoder for messages that are known to be short.
 *
 * @param longestBytes The longest body that it takes, in bytes. It reports a
 * longer one at once, without waiting for the rest.
 */
export function headerDecoder(longestBytes: number = MAX_BODY): Decoder {
  return new HeaderDecoder(longestBytes);
}

/** Finds header and body; after garbage, goes on at the next `Type:` line. */
class HeaderDecoder implements Decoder {
  #bytes: Uint8Array = NONE;
  #at = 0;
  #lost = false; // is it in garbage that was already reported?
  readonly #longestBytes: number;

  constructor(longestBytes: number) {
    this.#longestBytes = longestBytes;
  }

  push(bytes: Uint8Array) {
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = concat(rest, bytes);
    this.#at = 0;
  }

  next(): Message | MessageError | undefined {
    if (this.#lost && !this.#find()) return undefined;
    while (this.#bytes[this.#at] === NEWLINE) this.#at++; // after a body
    const start = this.#at;
    const blank = this.#emptyLine(start);
    if (blank < 0) {
      const long = this.#bytes.length - start > MAX_HEADER_BYTES;
      return long ? this.#bad("has no end", this.#bytes.length) : undefined;
    }
    const head = this.#bytes.subarray(start, blank);
    const fields = parseFields(head, this.#longestBytes);
    if (typeof fields === "string") return this.#bad(fields, blank);
    const end = blank + 2 + fields.length;
    if (this.#bytes.length <= end) return undefined; // its newline has not come
    if (this.#bytes[end] !== NEWLINE) {
      return this.#bad("gives a Content-Length that is not the body's", blank);
    }
    const body = this.#bytes.subarray(blank + 2, end);
    if (fields.checksum !== undefined && fields.checksum !== checksum(body)) {
      return this.#bad("gives a Checksum that is not the body's", blank);
    }
    this.#at = end + 1;
    return new Message(body, fields.header);
  }

  end(): MessageError | undefined {
    const rest = this.#bytes.subarray(this.#at);
    const lost = this.#lost;
    this.#bytes = NONE;
    this.#at = 0;
    this.#lost = false;
    return rest.length > 0 && !lost && rest.some((byte) => byte !== NEWLINE)
      ? new MessageError("Cannot read a message that was cut off", rest, true)
      : undefined;
  }

  get kept(): number {
    return this.#bytes.length - this.#at;
  }

  drop(why: string): MessageError {
    const rest = this.#bytes.slice(this.#at);
    this.#bytes = NONE;
    this.#at = 0;
    this.#lost = true;
    return new MessageError(`Cannot read a message as ${why}`, rest);
  }

  /** Where the next empty line starts, or -1. */
  #emptyLine(from: number): number {
    const bytes = this.#bytes;
    const last = Math.min(bytes.length - 1, from + MAX_HEADER_BYTES);
    for (let i = from; i < last; i++) {
      if (bytes[i] === NEWLINE && bytes[i + 1] === NEWLINE) return i;
    }
    return -1;
  }

  #bad(why: string, end: number): MessageError {
    const error = new MessageError(
      `Cannot read a header as it ${why}`,
      this.#bytes.slice(this.#at, end),
    );
    this.#at++; // do not find the same line again
    this.#lost = true;
    return error;
  }

  /** Goes on to the next line that begins a header. @returns Is there one? */
  #find(): boolean {
    const bytes = this.#bytes;
    for (;;) {
      const at = bytes.indexOf(NEWLINE, this.#at);
      this.#at = at < 0 ? bytes.length : at;
      if (at < 0 || at + START.length > bytes.length) return false;
      if (START.every((byte, i) => bytes[at + i] === byte)) {
        this.#lost = false;
        return true;
      }
      this.#at++;
    }
  }
}

/** `crc32 c7a0318d`: the algorithm and eight hexadecimal digits. */
function checksum(body: Uint8Array): string {
  return `crc32 ${crc32(body).toString(16).padStart(8, "0")}`;
}

/** The fields that a message must have; Reply-To and Checksum it may have. */
const FIELDS = ["Type", "From", "To", "Seq", "Priority", "Content-Length"];

/** What the lines of a header say. */
interface Fields {
  header: Header;
  /** The body's length, in bytes. */
  length: number;
  checksum?: string;
}

/** The fields, or what is wrong with them, in words. */
function parseFields(
  bytes: Uint8Array,
  longestBytes: number,
): Fields | string {
  const fields = new Map<string, string>();
  for (const text of decoder.decode(bytes).split("\n")) {
    const [, name, value] = /^([A-Za-z-]+): (.*)$/.exec(text) ?? [];
    if (name === undefined) return "has a line that is no field";
    if (fields.has(name)) return `has the field ${name} twice`;
    fields.set(name, value);
  }
  for (const name of FIELDS) {
    if (!fields.has(name)) return `lacks ${name}`;
  }
  const number = (name: string) => {
    const text = fields.get(name) ?? "";
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const seq = number("Seq");
  if (seq === undefined) return "has a Seq that is no number";
  const priority = number("Priority");
  if (priority === undefined) return "has a Priority that is no number";
  const length = number("Content-Length");
  if (length === undefined || length > longestBytes) {
    return `has a Content-Length that is no number up to ${longestBytes}`;
  }
  return {
    header: {
      type: fields.get("Type") ?? "",
      from: fields.get("From") ?? "",
      to: fields.get("To") ?? "",
      seq,
      priority,
      replyTo: fields.get("Reply-To"),
    },
    length,
    checksum: fields.get("Checksum"),
  };
}
