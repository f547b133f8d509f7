/**
 * What a mechanism is: a way of interprocess communication, as one value.
 *
 * @module
 */
import type { Opened, Receiver, Sender } from "./channel.ts";

/** What a channel may be called: it becomes part of a path. */
export const NAME: RegExp = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/**
 * Which channel to open: the one of a name, or one at a path of your own. A
 * channel that its parent makes (pipe, workers) needs neither.
 */
export interface Address {
  /**
   * The channel's name, as {@linkcode NAME} has it, shared by both ends. The
   * project chooses where it lies: in `run/`, or as `/ipc-lab-UID.NAME`.
   */
  name?: string;
  /**
   * Where the channel lies, instead of a name. For fifo and socket: an absolute
   * path, or one relative to the working directory, in a folder that is there,
   * that our user owns, and that nobody else may write to. For queue and shm: a
   * slash and 1 to 254 characters that are no slash.
   */
  path?: string;
  /** How many messages the buffer holds, where one can choose. */
  capacity?: number;
  /**
   * Refuse to receive where another process does already. It is decided in the
   * step that opens the end: of two that come together one is refused.
   *
   * @default {false}
   */
  exclusive?: boolean;
  /** The memory that both ends share, where the parent makes the channel. */
  memory?: SharedArrayBuffer;
}

/** A channel that has a name: what the project's own commands open. */
export interface NamedAddress extends Address {
  /** As in {@linkcode Address}. */
  name: string;
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

/** Who has a channel open, and what lies in it, as it is seen from outside. */
export interface Occupancy {
  /** The kernel object, such as `run/lab.fifo`. */
  object: string;
  /** Has a process it open to send? */
  sender: boolean;
  /** Has a process it open to receive? */
  receiver: boolean;
  /** A lab that runs. */
  parent: boolean;
  /** Messages; 0 where nothing stays without a process. */
  messages: number;
}

/** A channel that the lab's parent keeps open for its children. */
export interface KeptOpen extends Disposable {
  /** Has the first child put something in, or does it listen? */
  ready(): boolean;
}

/** A way of interprocess communication: a value, listed in `mechanism/mod.ts`. */
export interface Mechanism {
  /** As in `--via=NAME`. */
  name: string;
  /** One line for the help. */
  summary: string;
  /** What it is and does, as the contract tests prove it. */
  properties: Properties;
  /** Which of the two the lab starts first, so that neither must wait at once. */
  first: "producer" | "consumer";
  /** `true`, or the reason why it cannot run on this machine. */
  available(): true | string;
  /** Its code, loaded when it is used: `--help` and the other five do without. */
  load(): Promise<Operations>;
}

/** A value, or a promise of it where the mechanism crosses a network. */
export type Awaitable<T> = T | Promise<T>;

/** What one can do with a mechanism: what its file in `mechanism/` exports. */
export interface Operations {
  /**
   * Opens the sending end, and makes the channel if it is not there.
   *
   * @throws {TypeError} If the address is not one that the mechanism can use.
   * @throws {LabError} If what lies there, or its folder, is not ours to use.
   */
  openSender(address: Address): Opened<Sender>;
  /** Opens the receiving end, in the same way. */
  openReceiver(address: Address): Opened<Receiver>;
  /**
   * Keeps the channel open until the second child has come.
   *
   * @throws {LabError} If somebody else has it open.
   */
  keepOpen?(address: Address): KeptOpen;
  /**
   * Looks at a channel from outside, and makes nothing. A channel that its parent
   * opens has no name to look at.
   *
   * @returns `undefined`: nothing is there.
   */
  inspect?(address: Address): Awaitable<Occupancy | undefined>;
  /** Makes the memory that both ends share, where the parent makes the channel. */
  allocate?(address: Address): SharedArrayBuffer;
  /**
   * Removes the channel's name; a process that has it open keeps what it has.
   *
   * @returns What was removed, or `undefined` where nothing was.
   */
  remove(address: Address): Awaitable<string | undefined>;
}
