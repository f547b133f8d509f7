/**
 * The contract between the lab and its mechanisms: a one-way communication
 * link with a {@linkcode Sender} at one end and a {@linkcode Receiver} at the
 * other. Neither end ever waits by itself: it returns at once the reason why it
 * cannot go on, and `wait/` decides how to wait. That choice is the lesson.
 *
 * A channel carries records. A record is the bytes of one message, made by
 * `message/`, or many short lines, put together by `lab/bulk.ts`.
 *
 * @module
 */

/**
 * No data is available yet: the lab sheet's -1, the kernel's `EAGAIN`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mechanismNamed, PENDING } from "@ipc-lab/ipc-lab";
 *
 * const { allocate, openReceiver } = await mechanismNamed("workers").load();
 * await using receiver = await openReceiver({ memory: allocate?.({}) });
 * assertEquals(receiver.poll(), PENDING);
 * ```
 */
export const PENDING: unique symbol = Symbol("Data not available");
/**
 * The buffer has no room for the record yet.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FULL, mechanismNamed } from "@ipc-lab/ipc-lab";
 *
 * const { allocate, openSender } = await mechanismNamed("workers").load();
 * const address = { memory: allocate?.({ capacity: 1 }) };
 * await using sender = await openSender(address);
 * assertEquals(sender.offer(new Uint8Array(8)), true);
 * assertEquals(sender.offer(new Uint8Array(8)), FULL);
 * ```
 */
export const FULL: unique symbol = Symbol("Buffer full");
/**
 * Another process holds the lock of a ring in shared memory for a long time: it
 * was stopped in the middle of a step.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LOCKED, mechanismNamed } from "@ipc-lab/ipc-lab";
 *
 * const { allocate, openSender } = await mechanismNamed("workers").load();
 * const memory = allocate?.({});
 * await using sender = await openSender({ memory });
 * new Int32Array(memory!)[17] = 2; // as an end that stops in the middle of put()
 * assertEquals(sender.offer(new Uint8Array(8)), LOCKED);
 * ```
 */
export const LOCKED: unique symbol = Symbol("Buffer locked");
/**
 * No receiver has the channel open: not yet, or not any more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ABSENT, mechanismNamed } from "@ipc-lab/ipc-lab";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const { openSender } = await mechanismNamed("fifo").load();
 * await using sender = await openSender({ name }); // needs --allow-ffi
 * assertEquals(sender.offer(new Uint8Array(8)), ABSENT);
 * ```
 */
export const ABSENT: unique symbol = Symbol("Nobody reads yet");

/** Why an end cannot go on right now: a reason to wait. */
export type Refusal =
  | typeof PENDING
  | typeof FULL
  | typeof LOCKED
  | typeof ABSENT;

/**
 * Is it a reason to wait? {@linkcode END} and {@linkcode CUT} are answers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { END, isRefusal, PENDING } from "@ipc-lab/ipc-lab";
 *
 * assertEquals([PENDING, END].map(isRefusal), [true, false]);
 * ```
 */
export function isRefusal(value: unknown): value is Refusal {
  return value === PENDING || value === FULL || value === LOCKED ||
    value === ABSENT;
}

/**
 * Every sender has closed and nothing is left to read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { END, mechanismNamed } from "@ipc-lab/ipc-lab";
 *
 * const workers = await mechanismNamed("workers").load();
 * const address = { memory: workers.allocate?.({}) };
 * await using receiver = await workers.openReceiver(address);
 * {
 *   await using _sender = await workers.openSender(address);
 * }
 * assertEquals(receiver.poll(), END);
 * ```
 */
export const END: unique symbol = Symbol("Every sender has closed");
/**
 * A sender has gone at this point. A record, or the last message of its stream,
 * that it had begun and not finished is torn: the rest never comes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CUT, mechanismNamed, receive } from "@ipc-lab/ipc-lab";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const socket = await mechanismNamed("socket").load();
 * await using receiver = await socket.openReceiver({ name }); // needs --allow-ffi
 * {
 *   await using _sender = await socket.openSender({ name });
 * }
 * assertEquals(await receive(receiver, { way: "block" }), CUT);
 * ```
 */
export const CUT: unique symbol = Symbol("A sender has gone");

/** The sending end of a channel. */
export interface Sender {
  /** The longest record that it takes, in bytes. */
  readonly limit: number;
  /**
   * Hands a record to the channel, without waiting.
   *
   * After a refusal, offer the same bytes again until they are taken: half of a
   * long record may be written already, and the next call goes on from there.
   *
   * @param record 1 to {@linkcode limit} bytes, copied before the call returns.
   * @param priority Higher overtakes lower, if the kernel knows priorities.
   * @returns `true`, or the reason why it was not taken.
   */
  offer(
    record: Uint8Array,
    priority?: number,
  ): true | typeof FULL | typeof LOCKED | typeof ABSENT;
  /**
   * Lets the kernel wake us when the next {@linkcode offer} may succeed.
   *
   * @returns `undefined` where that is so already: it saves creating a promise.
   * @throws The signal's reason, once it is aborted.
   */
  writable(signal: AbortSignal): Promise<void> | undefined;
  /**
   * Sleeps while a server has not acknowledged all that was taken; look again
   * after it. A mechanism without a server has no such method.
   *
   * @returns `undefined`: it has acknowledged all of it.
   * @throws {LabError} If it never will.
   * @throws The signal's reason, once it is aborted.
   */
  settled?(signal: AbortSignal): Promise<void> | undefined;
  /**
   * Asks the server whether a receiver is there. A mechanism without a server
   * has no such method.
   *
   * @throws {LabError} If the server will not answer.
   */
  hasReceiver?(): Promise<boolean>;
}

/** The receiving end of a channel. */
export interface Receiver {
  /** The stream of the last bytes, if each sender has a stream of its own. */
  readonly stream?: number;
  /**
   * Takes what has come, without waiting.
   *
   * @returns One record, or, from a byte stream, as many bytes as are there: at
   * least one byte, valid until the next call. Otherwise the reason for none.
   */
  poll():
    | Uint8Array
    | typeof PENDING
    | typeof LOCKED
    | typeof CUT
    | typeof END;
  /**
   * Lets the kernel wake us when the next {@linkcode poll} may succeed.
   *
   * @returns `undefined` where that is so already: it saves creating a promise.
   * @throws The signal's reason, once it is aborted.
   */
  readable(signal: AbortSignal): Promise<void> | undefined;
  /**
   * What lies in the channel and was not taken, if the kernel can tell; nothing
   * if another receiver can take it.
   */
  unread?(): Unread;
}

/** How much lies in a channel that no receiver has taken. */
export type Unread = { bytes: number } | { messages: number };

/**
 * An open end, which `await using` closes. The kernel opens and closes at once;
 * across a network both take time.
 */
export type Opened<End> = (End & Disposable) | Promise<End & AsyncDisposable>;
