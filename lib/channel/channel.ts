/**
 * The contract between the lab and its mechanisms: a one-way communication
 * link with a {@linkcode Sender} at one end and a {@linkcode Receiver} at the
 * other. Neither end ever waits by itself: it says at once why it cannot go on,
 * and `wait.ts` decides what to do about it. That choice is the lesson.
 *
 * What passes through is a record: bytes that `message.ts` has made of one
 * message (or of several small ones, where the link is a byte stream anyway).
 *
 * @module
 */

/** Data is not available (yet): the lab sheet's -1, the kernel's `EAGAIN`. */
export const PENDING: unique symbol = Symbol("Data not available");
/** Every sender has closed and nothing is left to read. */
export const END: unique symbol = Symbol("Every sender has closed");
/** The buffer has no room for the record (yet). */
export const FULL: unique symbol = Symbol("Buffer full");
/** Nobody has the receiving end open: not yet, or not any more. */
export const ABSENT: unique symbol = Symbol("Nobody reads yet");

/** Why an end cannot go on right now. Everything else is a result. */
export type Refusal =
  | typeof PENDING
  | typeof END
  | typeof FULL
  | typeof ABSENT;

/** The sending end of a channel. */
export interface Sender extends AsyncDisposable {
  /** The longest record that it takes, in bytes. */
  readonly limit: number;
  /**
   * Hands a record to the kernel, without waiting.
   *
   * Refused, offer the same bytes again until they are taken: a long record may
   * already be half in, and the next call goes on where the last one stopped.
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
   * @returns Nothing where that is so already: a promise has its price.
   * @throws The signal's reason, once it is aborted.
   */
  writable(signal: AbortSignal): Promise<void> | undefined;
}

/** The receiving end of a channel. */
export interface Receiver extends AsyncDisposable {
  /** From which stream the last bytes came, where each sender has its own. */
  readonly stream?: number;
  /**
   * Takes what is there, without waiting.
   *
   * @returns One record, or, from a byte stream, as many bytes as are there,
   * valid until the next call; or why there is nothing. No bytes at all: the
   * record, or the stream, was cut off by its sender's end.
   */
  poll(): Uint8Array | typeof PENDING | typeof END;
  /**
   * Lets the kernel wake us when the next {@linkcode poll} may succeed.
   *
   * @returns Nothing where that is so already: a promise has its price.
   * @throws The signal's reason, once it is aborted.
   */
  readable(signal: AbortSignal): Promise<void> | undefined;
}

/** What a channel may be called: it becomes part of a path. */
export const NAME: RegExp = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Which channel to open. */
export interface Address {
  /** The channel's name, shared by both ends. */
  name: string;
  /** How many messages the buffer holds, where one can choose. */
  capacity?: number;
  /** The memory that both ends share, where the parent makes the channel. */
  memory?: SharedArrayBuffer;
}

/** What a mechanism is; each property is proved on the real object by a test. */
export interface Properties {
  /** What the kernel, or the runtime, holds for it. */
  object: string;
  /** Can one open end both send and receive, or only one of the two? */
  direction: "one-way" | "two-way";
  /** How an end finds the channel: by its name, or from its parent. */
  openedBy: "name" | "parent";
  /** Does what was sent remain when every process has exited? */
  outlives: boolean;
  /** Is one record sent one record received, or is it a stream of bytes? */
  boundaries: boolean;
  /** What it holds when nobody reads; `chosen` in messages, by --capacity. */
  capacity: { bytes: number } | {
    messages: number;
    chosen: boolean;
    /** How many one can choose at most, where the kernel sets no limit. */
    most?: number;
  };
  /** Do the ends live in several processes, or in workers of one? */
  processes: "many" | "one";
}

/** A channel held open for the one that comes first. */
export interface Hold extends Disposable {
  /** Has it put something in, or does it listen? Then the other one may come. */
  ready(): boolean;
}

/** A way of interprocess communication: a value, listed in `mechanism/mod.ts`. */
export interface Mechanism {
  /** As in `--via=NAME`. */
  name: string;
  /** One line for the help. */
  summary: string;
  properties: Properties;
  /** Which of the two the lab starts first, so that neither must wait at once. */
  first: "producer" | "consumer";
  /** `true`, or the reason why it cannot run on this machine. */
  available(): true | string;
  /** Its code, loaded when it is used: `--help` and the other five do without. */
  load(): Promise<Operations>;
}

/** What one can do with a mechanism: what its file in `mechanism/` exports. */
export interface Operations {
  /** Opens the sending end. */
  openSender(address: Address): Promise<Sender>;
  /** Opens the receiving end. */
  openReceiver(address: Address): Promise<Receiver>;
  /** Holds the channel open for the one that comes first, where that helps. */
  hold?(address: Address): Hold;
  /**
   * Has somebody the channel open to receive? Asks, and makes nothing. A
   * channel that its parent opens has no name to ask for.
   */
  heard?(address: Address): Promise<boolean>;
  /** Makes the memory that both ends share, where the parent makes the channel. */
  allocate?(address: Address): SharedArrayBuffer;
  /**
   * Removes what lies at the name, whoever has it open.
   *
   * @returns What was removed, or `undefined` where nothing was.
   */
  remove(address: Address): Promise<string | undefined>;
}
