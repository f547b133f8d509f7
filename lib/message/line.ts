import { isUtf8 } from "node:buffer";
import {
  concat,
  type Decoder,
  type Format,
  MAX_BODY,
  Message,
  MessageError,
  NEWLINE,
} from "./message.ts";

const NONE = new Uint8Array(0);
const BAD_TEXT = "Cannot read a line as it is not UTF-8";
const TOO_LONG = `Cannot read a line as it is longer than ${MAX_BODY} bytes`;

/**
 * The body and a newline: so `cat`, `echo` and `seq` can be the other end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Message } from "./message.ts";
 *
 * const decoder = line.decoder();
 * decoder.push(line.encode(Message.of("7")));
 * const message = decoder.next();
 * assertEquals(message instanceof Message && message.text, "7");
 * ```
 */
export const line: Format = {
  name: "line",
  encode({ body }) {
    if (body.includes(NEWLINE)) {
      throw new MessageError(
        "Cannot send a body with a newline as a line (--format=header can)",
        body,
      );
    }
    const bytes = new Uint8Array(body.length + 1);
    bytes.set(body);
    bytes[body.length] = NEWLINE;
    return bytes;
  },
  decoder: () => new LineDecoder(),
};

/** Splits bytes into lines; keeps at most one unfinished line of 1 MiB. */
class LineDecoder implements Decoder {
  #bytes: Uint8Array = NONE; // the bytes that next() looks at
  #at = 0;
  #rest: Uint8Array = NONE; // an unfinished line, copied
  #skipped = 0; // bytes that were dropped, of a line that is too long

  push(bytes: Uint8Array) {
    this.#bytes = this.#rest.length > 0 ? concat(this.#rest, bytes) : bytes;
    this.#rest = NONE;
    this.#at = 0;
  }

  next(): Message | MessageError | undefined {
    const start = this.#at;
    const end = this.#bytes.indexOf(NEWLINE, start);
    if (end < 0) return this.#keepRest();
    this.#at = end + 1;
    if (this.#skipped > 0) { // the end of a line that was reported already
      this.#skipped = 0;
      return this.next();
    }
    const body = this.#bytes.subarray(start, end);
    if (body.length > MAX_BODY) return new MessageError(TOO_LONG, body);
    if (!isUtf8(body)) return new MessageError(BAD_TEXT, body);
    return new Message(body);
  }

  end(): MessageError | undefined {
    const rest = this.#rest;
    this.#rest = NONE;
    this.#skipped = 0;
    return rest.length > 0
      ? new MessageError("Cannot read a line that was cut off", rest, true)
      : undefined;
  }

  get kept(): number {
    return this.#rest.length;
  }

  drop(why: string): MessageError {
    const rest = this.#rest;
    this.#rest = NONE;
    this.#skipped = rest.length;
    return new MessageError(`Cannot read a message as ${why}`, rest);
  }

  /** Copies the unfinished line, as the buffer belongs to the mechanism. */
  #keepRest(): MessageError | undefined {
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = NONE;
    this.#at = 0;
    if (this.#skipped > 0) {
      this.#skipped += rest.length;
    } else if (rest.length > MAX_BODY) {
      this.#skipped = rest.length;
      return new MessageError(TOO_LONG, rest);
    } else if (rest.length > 0) {
      this.#rest = rest.slice();
    }
  }
}
