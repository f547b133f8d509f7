/**
 * Standard error, which the log is written to. It may be a pipe whose reader
 * reads slowly or not at all. A write(2) that waits for that reader would leave
 * Ctrl-C and `--timeout` unheard, so no write here ever waits: what finds no
 * room is kept, in order, and written later.
 *
 * @module
 */
import { FULL } from "../channel/mod.ts";
import { errorCode, LabError, reason, TimeoutError } from "../error.ts";
import { PIPE_BUF } from "../message/message.ts";
import { available } from "../posix/available.ts";
import { pollFd, POLLOUT } from "../posix/poll.ts";
import { seconds } from "../wait/duration.ts";
import { retry } from "../wait/retry.ts";

const STANDARD_ERROR = 2;
/** How often (ms) a standard error that was full is tried again. */
const FULL_MS = 5;

const encoder = new TextEncoder();

let kept: Uint8Array[] = []; // pieces that have found no room, in order
let timer: ReturnType<typeof setTimeout> | undefined;
let failure: unknown; // of the last write

/** Writes a line now, or as soon as there is room. It never waits. */
export function writeError(line: string): void {
  const bytes = encoder.encode(line + "\n");
  // A pipe that has room at all takes PIPE_BUF bytes without waiting.
  for (let at = 0; at < bytes.length; at += PIPE_BUF) {
    kept.push(bytes.subarray(at, at + PIPE_BUF));
  }
  if (timer === undefined) writeKept();
}

function writeKept() {
  timer = undefined;
  while (kept.length > 0 && hasRoom()) {
    const [piece] = kept;
    const count = writeSome(piece);
    if (count === piece.length) kept.shift();
    else if (count > 0) kept[0] = piece.subarray(count);
    else break;
  }
  if (kept.length > 0) timer = setTimeout(writeKept, FULL_MS);
}

/** Without permission to ask poll(2), the write itself may wait. */
function hasRoom(): boolean {
  return available() !== true || pollFd(STANDARD_ERROR, POLLOUT, 0) !== 0;
}

/** @returns Bytes written; 0: it is full, and another program set O_NONBLOCK. */
function writeSome(bytes: Uint8Array): number {
  try {
    return Deno.stderr.writeSync(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.WouldBlock) return 0;
    kept = []; // the disk is full, or its reader has gone: nothing can be said
    if (errorCode(error) !== "EPIPE") failure = error;
    return 0;
  }
}

/** Is there anything that standard error has not taken yet? */
export function isErrorFull(): boolean {
  return kept.length > 0;
}

/** Options for {@linkcode errorWritten}. */
export interface ErrorWrittenOptions {
  /** Milliseconds after which the wait gives up; 0: never. @default {60000} */
  timeout?: number;
  signal?: AbortSignal;
}

/**
 * Waits until standard error has taken every line.
 *
 * @throws {TimeoutError} If it does not within the timeout.
 * @throws {LabError} If a line could not be written.
 * @throws The signal's reason, once it is aborted.
 */
export async function errorWritten(
  { timeout = 60_000, signal }: ErrorWrittenOptions = {},
): Promise<void> {
  const look = () => kept.length === 0 || FULL;
  try {
    await retry(look, { delay: FULL_MS, timeout, signal });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new TimeoutError(
      `Standard error is full: gave up after ${seconds(timeout)}`,
    );
  }
  if (failure === undefined) return;
  const why = reason(failure);
  failure = undefined;
  throw new LabError(`Cannot write to standard error: ${why}`);
}
