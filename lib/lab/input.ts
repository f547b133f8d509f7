/**
 * Where the producer's messages come from: numbers, or the lines of a file.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { LabError } from "../error.ts";
import { line } from "../message/line.ts";
import type { Decoder } from "../message/message.ts";
import { reason } from "../mechanism/run_folder.ts";

/**
 * Where to take out the messages, each time that there are more. They are valid
 * until the next ones are asked for.
 */
export type Source = AsyncIterable<Decoder>;

const NEWLINE = 10;
const ZERO = 48;
const NINE = 57;
const encoder = new TextEncoder();

/** Numbers at a time: a thousand, for the last three digits. */
const PAGE = 1000;

/**
 * The numbers from `from` on, `count` of them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const texts: string[] = [];
 * for await (const messages of numbers(9, 2)) {
 *   for (let found; (found = messages.next());) {
 *     if (!(found instanceof Error)) texts.push(found.text);
 *   }
 * }
 * assertEquals(texts, ["9", "10"]);
 * ```
 */
export async function* numbers(from: number, count: number): Source {
  const decoder = line.decoder();
  const stop = from + count;
  let page = new Uint8Array(0);
  for (let first = from, next; first < stop; first = next) {
    next = Math.min(first - first % PAGE + PAGE, stop);
    const whole = next - first === PAGE;
    if (whole && page.length === PAGE * `${first}\n`.length) raise(page);
    else page = write(first, next);
    decoder.push(page);
    yield decoder;
  }
}

/** The numbers from `first` to before `next`, a line each. */
function write(first: number, next: number): Uint8Array<ArrayBuffer> {
  let text = "";
  for (let number = first; number < next; number++) text += `${number}\n`;
  return encoder.encode(text);
}

/**
 * Adds {@linkcode PAGE} to each number of a page, as an odometer does: the last
 * three digits stay. To write it anew takes twenty times as long.
 */
function raise(page: Uint8Array): void {
  const size = page.length / PAGE;
  for (let thousands = size - 5; thousands < page.length; thousands += size) {
    let digit = thousands;
    while (page[digit] === NINE) page[digit--] = ZERO;
    page[digit]++;
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
      yield decoder;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new LabError(`Cannot read ${path}: ${reason(error)}`);
  }
  if (last !== 0 && last !== NEWLINE) {
    decoder.push(new Uint8Array([NEWLINE]));
    yield decoder;
  }
}
