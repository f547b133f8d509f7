/**
 * Where the producer's messages come from: numbers, or the lines of a file.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { LabError, reason } from "../error.ts";
import { line } from "../message/line.ts";
import { Message, type MessageError, NEWLINE } from "../message/message.ts";

const LINE_END = new Uint8Array([NEWLINE]);

/**
 * Yields `count` messages: the numbers from `from` on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const texts = Array.from(numbers(9, 2), ({ text }) => text);
 * assertEquals(texts, ["9", "10"]);
 * ```
 */
export function* numbers(from: number, count: number): Generator<Message> {
  for (let i = 0; i < count; i++) yield Message.of(`${from + i}`);
}

/** The messages of a file; each is valid until the next is asked for. */
export async function* messagesOf(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Message | MessageError> {
  const decoder = line.decoder();
  for await (const part of bytes) {
    decoder.push(part);
    for (let found; (found = decoder.next());) yield found;
  }
}

/**
 * Opens a file whose lines are the messages, and reads it piece by piece. A
 * newline is added to the last line if it has none.
 *
 * @param path A path, or `-` for standard input.
 * @throws {LabError} If the file cannot be opened, or later, read.
 * @throws The signal's reason, once it is aborted.
 */
export async function openInput(
  path: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  if (path === "-") {
    return pieces("standard input", Deno.stdin.readable, signal);
  }
  try {
    const file = await abortable(Deno.open(path), signal);
    return pieces(path, file.readable, signal);
  } catch (error) {
    signal.throwIfAborted();
    const hint = error instanceof Deno.errors.NotCapable
      ? `it lies outside the project's folder: use --input=- with < ${path}`
      : reason(error);
    throw new LabError(`Cannot open ${path}: ${hint}`);
  }
}

async function* pieces(
  path: string,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let last: number | undefined;
  try {
    for (;;) {
      // One read at a time: a loop over the stream would wait for its end even
      // after an abort.
      const { value: bytes } = await abortable(reader.read(), signal);
      if (bytes === undefined) break;
      last = bytes.at(-1) ?? last;
      yield bytes;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new LabError(`Cannot read ${path}: ${reason(error)}`);
  }
  if (last !== undefined && last !== NEWLINE) yield LINE_END;
}
