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

/**
 * Messages, and what is wrong with those that could not be read, as they come.
 * They are valid until the next ones are asked for.
 */
export type Source = AsyncIterable<(Message | MessageError)[]>;

const NEWLINE = 10;
const ZERO = 48;
const NINE = 57;
const encoder = new TextEncoder();

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
  const perBatch = Math.min(count, 4096);
  const bytes = new Uint8Array(perBatch * MAX_DIGITS);
  for (let done = 0; done < count; done += perBatch) {
    yield digits(from + done, Math.min(perBatch, count - done), bytes);
  }
}

/** Counts as an odometer does: String() for each number takes three times as long. */
function digits(from: number, count: number, bytes: Uint8Array): Message[] {
  const messages: Message[] = [];
  let start = 0;
  let end = encoder.encodeInto(String(from), bytes).written;
  for (let next = from + 1;; next++) {
    messages.push(new Message(bytes, start, end));
    if (messages.length === count) return messages;
    const before = start;
    start = end;
    for (let i = before; i < start; i++) bytes[end++] = bytes[i];
    let last = end - 1;
    while (last >= start && bytes[last] === NINE) bytes[last--] = ZERO;
    if (last >= start) bytes[last]++;
    else {end = start +
        encoder.encodeInto(String(next), bytes.subarray(start)).written; // one digit more
    }
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

function drain(decoder: Decoder): (Message | MessageError)[] {
  const all: (Message | MessageError)[] = [];
  for (let found; (found = decoder.next());) all.push(found);
  return all;
}
