/**
 * The contract between the lab and its mechanisms: a one-way communication
 * link with a {@linkcode Sender} at one end and a {@linkcode Receiver} at the
 * other. Neither end ever waits by itself: it says at once why it cannot go on,
 * and `wait/` decides what to do about it. That choice is the lesson.
 *
 * What passes through is a record: bytes that `message/` has made of one
 * message, or that `lab/bulk.ts` has filled with many short lines.
 *
 * @module
 */

/** Data is not available (yet): the lab sheet's -1, the kernel's `EAGAIN`. */
export const PENDING: unique symbol = Symbol("Data not available");
/** The buffer has no room for the record (yet). */
export const FULL: unique symbol = Symbol("Buffer full");
/** Nobody has the receiving end open: not yet, or not any more. */
export const ABSENT: unique symbol = Symbol("Nobody reads yet");

/** Why an end cannot go on right now: a reason to wait. */
export type Refusal = typeof PENDING | typeof FULL | typeof ABSENT;

/** Is this a reason to wait? {@linkcode END} and {@linkcode CUT} are answers. */
export function isRefusal(value: unknown): value is Refusal {
  return value === PENDING || value === FULL || value === ABSENT;
}

/** Every sender has closed and nothing is left to read. */
export const END: unique symbol = Symbol("Every sender has closed");
/**
 * A sender has gone here. What it had begun and not finished, a record or the
 * last message of its stream, is torn and never comes.
 */
export const CUT: unique symbol = Symbol("A sender has gone");

/** The sending end of a channel. */
export interface Sender {
  /** The longest record that it takes, in bytes. */
  readonly limit: number;
  /**
   * Hands a record to the kernel, without waiting.
   *
   * After a refusal, offer the same bytes again until they are taken: a long
   * record may already be half in, and the next call goes on from there.
   *
   * @param record 1 to {@linkcode limit} bytes, copied before it returns.
   * @param priority Where the kernel knows priorities, higher overtakes.
   * @returns `true`, or why not.
   */
  offer(
    record: Uint8Array,
    priority?: number,
  ): true | typeof FULL | typeof ABSENT;
  /**
   * Lets the kernel wake us when the next {@linkcode offer} may succeed.
   *
   * @returns `undefined` where that is so already: it saves creating a promise.
   * @throws The signal's reason, once it is aborted.
   */
  writable(signal: AbortSignal): Promise<void> | undefined;
}

/** The receiving end of a channel. */
export interface Receiver {
  /** From which stream the last bytes came, where each sender has its own. */
  readonly stream?: number;
  /**
   * Takes what is there, without waiting.
   *
   * @returns One record, or, from a byte stream, as many bytes as are there: at
   * least one byte, valid until the next call. Otherwise why there is none.
   */
  poll(): Uint8Array | typeof PENDING | typeof CUT | typeof END;
  /**
   * Lets the kernel wake us when the next {@linkcode poll} may succeed.
   *
   * @returns `undefined` where that is so already: it saves creating a promise.
   * @throws The signal's reason, once it is aborted.
   */
  readable(signal: AbortSignal): Promise<void> | undefined;
  /**
   * What is there and was not taken, where the kernel can tell; nothing where
   * another receiver is there to take it.
   */
  unread?(): Unread;
}

/** How much lies in a channel that nobody has taken. */
export type Unread = { bytes: number } | { messages: number };

/**
 * An end that was opened, and that closes with `await using`. The kernel opens
 * and closes at once; across a network both take time.
 */
export type Opened<End> = (End & Disposable) | Promise<End & AsyncDisposable>;
