/**
 * Copying in bulk, where the log shows no values: with `--quiet`, the line
 * format, and no sleep between two values. A record is then not one message: it
 * holds as many whole lines as fit, and is read as a whole.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { END, type Receiver, type Sender } from "../channel/mod.ts";
import { Inbox } from "../message/inbox.ts";
import { line } from "../message/line.ts";
import {
  concat,
  type Decoder,
  MAX_BODY,
  MessageError,
  NEWLINE,
  PIPE_BUF,
  tooLong,
} from "../message/message.ts";
import { Reader, type ReaderOptions } from "./reader.ts";
import { Writer, type WriterOptions } from "./writer.ts";

/** Whole lines, one after the other. */
export interface Lines {
  /** The lines, each with its newline. */
  bytes: Uint8Array;
  count: number;
}

/** Options for {@linkcode produceInBulk}. */
export interface BulkProduceOptions extends WriterOptions {
  /** The bytes of lines; a piece may end in the middle of a line. */
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Does the channel keep records apart? If not, it is a stream of bytes. */
  boundaries: boolean;
}

/** Does what `produce` does, with many lines in a record. */
export async function produceInBulk(
  sender: Sender,
  options: BulkProduceOptions,
): Promise<boolean> {
  const writer = new Writer(sender, options);
  // Two producers may write to one stream. The kernel keeps a write of up to
  // PIPE_BUF bytes whole, pipe(7). A longer line is a record by itself.
  const recordBytes = options.boundaries ? sender.limit : PIPE_BUF;
  const decoder = new LinesDecoder({ bytes: recordBytes });
  const putAll = async () => {
    for (let found; (found = decoder.next());) {
      if (found instanceof MessageError) {
        await writer.refuse(found);
        continue;
      }
      const { bytes, count } = found;
      // Few lines are long, and to ask for the limit takes system calls.
      const limit = bytes.length > recordBytes ? sender.limit : Infinity;
      if (bytes.length <= limit) await writer.put(bytes, count);
      else await writer.refuse(tooLong(bytes.subarray(0, -1), limit));
    }
  };
  for await (const bytes of options.source) {
    decoder.push(bytes);
    await putAll();
  }
  return await writer.finish();
}

/** Options for {@linkcode consumeInBulk}. */
export interface BulkConsumeOptions extends ReaderOptions {
  /** Does each record begin and end with a line? */
  boundaries: boolean;
}

/** Does what `consume` does, with many lines at once. */
export async function consumeInBulk(
  receiver: Receiver,
  options: BulkConsumeOptions,
): Promise<boolean> {
  const { output, boundaries } = options;
  const reader = new Reader(receiver, options);
  const most = {
    get lines() {
      return reader.tally.left || Infinity;
    },
  };
  const newDecoder = () => new LinesDecoder(most);
  const inbox = new Inbox(receiver, newDecoder, boundaries);
  const poll = () => inbox.poll();
  const readAll = async () => {
    while (reader.tally.left > 0) {
      const found = await reader.next(poll);
      if (found === END) break;
      if (found instanceof MessageError) {
        reader.refuse(found);
        continue;
      }
      reader.took(found.count);
      output?.add(found.bytes);
      if (output?.isFull) await output.flush();
    }
    await output?.flush();
  };
  const ahead = () => {
    let values = 0;
    for (const found of inbox.drain()) {
      values += found instanceof MessageError ? 1 : found.count;
    }
    return values;
  };
  await reader.sayWhatIsLeft(readAll, ahead);
  return reader.finish();
}

const NONE = new Uint8Array(0);

/** How much one call of {@linkcode LinesDecoder.next} may return. */
export interface Most {
  /** @default {Infinity} */
  readonly lines?: number;
  /** A longer line is returned by itself. @default {Infinity} */
  readonly bytes?: number;
}

/**
 * Finds lines in the bytes as they arrive, and returns as many at once as
 * allowed. From the first bad line on, it decodes each line by itself.
 */
export class LinesDecoder implements Decoder<Lines> {
  readonly #most: Most;
  #bytes: Uint8Array = NONE;
  #at = 0;
  #end = 0; // after the last newline
  #rest: Uint8Array = NONE; // an unfinished line, copied
  #oneByOne?: Decoder;

  constructor(most: Most) {
    this.#most = most;
  }

  push(bytes: Uint8Array): void {
    if (this.#oneByOne) return this.#oneByOne.push(bytes);
    const all = this.#rest.length > 0 ? concat(this.#rest, bytes) : bytes;
    const end = all.lastIndexOf(NEWLINE) + 1;
    // So many bytes at once mean that a line is too long, or nearly so.
    if (all.length > MAX_BODY || !isUtf8(all.subarray(0, end))) {
      this.#rest = NONE;
      this.#oneByOne = line.decoder();
      this.#oneByOne.push(all);
      return;
    }
    this.#bytes = all;
    this.#at = 0;
    this.#end = end;
    // Copied, because the buffer belongs to the mechanism.
    this.#rest = all.slice(end);
  }

  next(): Lines | MessageError | undefined {
    if (this.#oneByOne) {
      const found = this.#oneByOne.next();
      return found === undefined || found instanceof MessageError
        ? found
        : { bytes: line.encode(found), count: 1 };
    }
    const start = this.#at;
    if (start === this.#end) return undefined;
    const { lines = Infinity, bytes = Infinity } = this.#most;
    const stop = Math.min(start + bytes, this.#end);
    let count = 0;
    for (let i = start; i < stop; i++) {
      if (this.#bytes[i] !== NEWLINE) continue;
      this.#at = i + 1;
      if (++count === lines) break;
    }
    if (count === 0) { // the next line is longer than a record may be
      this.#at = this.#bytes.indexOf(NEWLINE, stop) + 1;
      count = 1;
    }
    return { bytes: this.#bytes.subarray(start, this.#at), count };
  }

  end(): MessageError | undefined {
    if (this.kept === 0) return undefined;
    return (this.#oneByOne ?? this.#restByItself()).end();
  }

  get kept(): number {
    return this.#oneByOne?.kept ?? this.#rest.length;
  }

  drop(why: string): MessageError {
    return (this.#oneByOne ?? this.#restByItself()).drop(why);
  }

  #restByItself(): Decoder {
    const decoder = this.#oneByOne = line.decoder();
    decoder.push(this.#rest);
    this.#rest = NONE;
    decoder.next(); // returns nothing: the line has no newline
    return decoder;
  }
}
