import { isUtf8 } from "node:buffer";
import {
  concat,
  type Decoder,
  type Format,
  MAX_BODY,
  Message,
  MessageError,
  PIPE_BUF,
} from "./message.ts";

const NEWLINE = 10;
const NONE = new Uint8Array(0);
const BAD_TEXT = "Cannot read a line as it is not UTF-8";
const TOO_LONG = `Cannot read a line as it is longer than ${MAX_BODY} bytes`;

/**
 * The body and a newline: `cat`, `echo` and `seq` are valid peers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Message } from "./message.ts";
 *
 * const wire = new Uint8Array(8);
 * const end = line.encode(Message.of("7"), wire, 0);
 * const decoder = line.decoder();
 * decoder.push(wire.subarray(0, end));
 * const message = decoder.next();
 * assertEquals(message instanceof Message && message.text, "7");
 * ```
 */
export const line: Format = {
  name: "line",
  encode({ bytes, start, end, count }, into, at) {
    if (at + end - start >= into.length) return -1;
    if (count > 1) { // a run: it has come as lines
      into.set(bytes.subarray(start, end), at);
      at += end - start;
      into[at++] = NEWLINE;
      return at;
    }
    // A loop beats set(subarray()) on the short lines that are the rule.
    for (let i = start; i < end; i++) {
      if (bytes[i] === NEWLINE) {
        throw new MessageError(
          "Cannot send a body with a newline as a line (--format=header can)",
          bytes.subarray(start, end),
        );
      }
      into[at++] = bytes[i];
    }
    into[at++] = NEWLINE;
    return at;
  },
  decoder: () => new LineDecoder(),
};

/** Splits bytes into lines; holds at most one unfinished line of 1 MiB. */
class LineDecoder implements Decoder {
  #bytes: Uint8Array = NONE; // being read
  #at = 0;
  #end = 0; // after the last newline
  #allValid = true; // every whole line in #bytes is UTF-8
  #rest: Uint8Array = NONE; // an unfinished line, copied
  #skipped = 0; // bytes dropped of a line that is too long

  push(bytes: Uint8Array) {
    this.#bytes = this.#rest.length ? concat(this.#rest, bytes) : bytes;
    this.#rest = NONE;
    this.#at = 0;
    this.#end = this.#bytes.lastIndexOf(NEWLINE) + 1;
    // One look at all of it costs a hundredth of one look at each line.
    this.#allValid = isUtf8(this.#bytes.subarray(0, this.#end));
  }

  next(most = 1): Message | MessageError | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    if (start >= this.#end) return this.#keepRest();
    const run = most > 1 ? this.#run(most) : undefined;
    if (run) return run;
    let end = start;
    while (bytes[end] !== NEWLINE) end++;
    this.#at = end + 1;
    if (this.#skipped > 0) { // the end of a line that was reported already
      this.#skipped = 0;
      return this.next(most);
    }
    if (end - start > MAX_BODY) {
      return new MessageError(TOO_LONG, bytes.subarray(start, end));
    }
    if (!this.#allValid && !isUtf8(bytes.subarray(start, end))) {
      return new MessageError(BAD_TEXT, bytes.subarray(start, end));
    }
    return new Message(bytes, start, end);
  }

  /** Several lines at once; `undefined`: the next one needs a look of its own. */
  #run(most: number): Message | undefined {
    if (!this.#allValid || this.#skipped > 0) return undefined;
    const bytes = this.#bytes;
    const start = this.#at;
    const stop = Math.min(start + PIPE_BUF, this.#end);
    let end = start;
    let count = 0;
    for (let i = start; i < stop; i++) {
      if (bytes[i] !== NEWLINE) continue;
      end = i;
      if (++count === most) break;
    }
    if (count === 0) return undefined;
    this.#at = end + 1;
    return new Message(bytes, start, end, undefined, count);
  }

  end(): MessageError | undefined {
    const rest = this.#rest;
    this.#rest = NONE;
    this.#skipped = 0;
    return rest.length
      ? new MessageError("Cannot read a line that was cut off", rest, true)
      : undefined;
  }

  /** Keeps the unfinished line, for the buffer belongs to the mechanism. */
  #keepRest(): MessageError | undefined {
    const rest = this.#bytes.subarray(this.#end);
    this.#bytes = NONE;
    this.#at = this.#end = 0;
    if (this.#skipped > 0) {
      this.#skipped += rest.length;
    } else if (rest.length > MAX_BODY) {
      this.#skipped = rest.length;
      return new MessageError(TOO_LONG, rest);
    } else if (rest.length) {
      this.#rest = rest.slice();
    }
  }
}
