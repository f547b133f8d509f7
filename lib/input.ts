/**
 * Where the producer's messages come from: numbers, or the lines of a file.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { LabError } from "./error.ts";
import { line } from "./format/line.ts";
import { type Decoder, Message, type MessageError } from "./message.ts";
import { reason } from "./run_folder.ts";

/** Messages, and what is wrong with those that could not be read, as they come. */
export type Source = AsyncIterable<Iterable<Message | MessageError>>;

const NEWLINE = 10;

/** Digits in the longest safe integer. */
const MAX_DIGITS = 16;

/**
 * The numbers from `from` on, `count` of them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const texts: string[] = [];
 * for await (const batch of numbers(9, 2)) {
 *   for (const message of batch) {
 *     if (!(message instanceof Error)) texts.push(message.text);
 *   }
 * }
 * assertEquals(texts, ["9", "10"]);
 * ```
 */
export async function* numbers(from: number, count: number): Source {
  // One buffer holds the digits of thousands: an array for each number would
  // cost more than all the rest of its way.
  const perBatch = 4096;
  for (let done = 0; done < count; done += perBatch) {
    yield digits(from + done, Math.min(perBatch, count - done));
  }
}

function* digits(from: number, count: number): Generator<Message> {
  const bytes = new Uint8Array(count * MAX_DIGITS);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const text = String(from + i);
    const start = at;
    for (let k = 0; k < text.length; k++) bytes[at++] = text.charCodeAt(k);
    yield new Message(bytes, start, at);
  }
}

/**
 * Opens a file whose lines are the messages; the last one need not end in a
 * newline.
 *
 * @param path A path, or `-` for standard input.
 * @throws {LabError} If the file cannot be opened, or later, read.
 * @throws The signal's reason, once it is aborted.
 */
export async function openLines(
  path: string,
  signal: AbortSignal,
): Promise<Source> {
  if (path === "-") return lines("standard input", Deno.stdin.readable, signal);
  try {
    const file = await abortable(Deno.open(path), signal);
    return lines(path, file.readable, signal);
  } catch (error) {
    signal.throwIfAborted();
    const hint = error instanceof Deno.errors.NotCapable
      ? `it lies outside the project's folder: use --input=- with < ${path}`
      : reason(error);
    throw new LabError(`Cannot open ${path}: ${hint}`);
  }
}

async function* lines(
  path: string,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Source {
  const decoder = line.decoder();
  const reader = stream.getReader();
  let last = 0;
  try {
    for (;;) {
      // Read by read: a loop over the stream would, aborted, wait for its end.
      const { value: bytes } = await abortable(reader.read(), signal);
      if (bytes === undefined) break;
      last = bytes[bytes.length - 1];
      decoder.push(bytes);
      yield drain(decoder);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new LabError(`Cannot read ${path}: ${reason(error)}`);
  }
  if (last !== 0 && last !== NEWLINE) {
    decoder.push(new Uint8Array([NEWLINE]));
    yield drain(decoder);
  }
}

function* drain(decoder: Decoder): Generator<Message | MessageError> {
  for (let found; (found = decoder.next());) yield found;
}
