/**
 * What a mechanism is: a way of interprocess communication, as one value.
 *
 * @module
 */
import type { Opened, Receiver, Sender } from "./channel.ts";

/**
 * The names that a channel may have: a name becomes part of a path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NAME } from "@ipc-lab/ipc-lab";
 *
 * assertEquals([NAME.test("lab"), NAME.test("../up")], [true, false]);
 * ```
 */
export const NAME: RegExp = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/**
 * Which channel to open: one with a name, or one at a path of your own. A
 * channel that its parent makes (pipe, workers) needs neither.
 */
export interface Address {
  /**
   * The channel's name, as {@linkcode NAME} allows it, the same for both ends.
   * The channel then lies in `run/`, or is called `/ipc-lab-UID.NAME`.
   */
  name?: string;
  /**
   * Where the channel lies, instead of a name. For fifo and socket: an absolute
   * path, or one relative to the working directory, in a folder that exists,
   * that our user owns, and that no other user may write to. For queue and shm:
   * a slash and 1 to 254 other characters.
   */
  path?: string;
  /** How many messages the buffer holds, if the mechanism lets you choose. */
  capacity?: number;
  /**
   * Refuse to receive if another process does already. The step that opens the
   * end decides: of two receivers that open it together, one is refused.
   *
   * @default {false}
   */
  exclusive?: boolean;
  /** The memory that both ends share, if the parent makes the channel. */
  memory?: SharedArrayBuffer;
}

/** A channel with a name: the project's own commands open such channels. */
export interface NamedAddress extends Address {
  /** As in {@linkcode Address}. */
  name: string;
}

/** What a mechanism is; a test proves each property on the real object. */
export interface Properties {
  /** The object that the kernel, or the runtime, keeps for it. */
  object: string;
  /** Can one open end both send and receive, or do only one of the two? */
  direction: "one-way" | "two-way";
  /** How an end finds the channel: by its name, or from its parent. */
  openedBy: "name" | "parent";
  /** Do its messages remain when every process has exited? */
  outlives: boolean;
  /** Is one record sent one record received, or is it a stream of bytes? */
  boundaries: boolean;
  /** How much it holds unread; `chosen` in messages, by --capacity. */
  capacity: { bytes: number } | {
    messages: number;
    chosen: boolean;
    /** The most that can be chosen, if the kernel sets no limit. */
    most?: number;
  };
  /** Do the ends live in several processes, or in workers of one? */
  processes: "many" | "one";
  /**
   * Does an end know at once what another has done? A kernel says so; across a
   * network an end may first say FULL or PENDING, and learn it in time.
   */
  settles: "at once" | "in time";
}

/** Which roles have a channel open, and what lies in it, seen from outside. */
export interface Occupancy {
  /** The kernel object, such as `run/lab.fifo`. */
  object: string;
  /** Does a process have it open to send? */
  sender: boolean;
  /** Does a process have it open to receive? */
  receiver: boolean;
  /** Does a running lab have it open? */
  parent: boolean;
  /** How many messages lie in it; 0 if none outlives its processes. */
  messages: number;
}

/** A channel that the lab's parent keeps open for its children. */
export interface KeptOpen {
  /** Has the first child put a record in, or does it listen? */
  ready(): Awaitable<boolean>;
}

/** A way of interprocess communication, as a value in `mechanism/mod.ts`. */
export interface Mechanism {
  /** As in `--via=NAME`. */
  name: string;
  /** One line for the help. */
  summary: string;
  /** What it is and does, as the contract tests prove it. */
  properties: Properties;
  /** Which end the lab starts first, so that neither has to wait at once. */
  first: "producer" | "consumer";
  /** `true`, or the reason why it cannot run on this machine. */
  available(): true | string;
  /** Loads its code when it is used: `--help` and the others do not need it. */
  load(): Promise<Operations>;
  /**
   * The same mechanism at another server, if it needs one.
   *
   * @param server Its address, such as `nats://127.0.0.1:4222`.
   */
  at?(server: string): Mechanism;
  /** That server, if it was named. */
  server?: string;
}

/** A value, or a promise of it if the mechanism crosses a network. */
export type Awaitable<T> = T | Promise<T>;

/** The operations of a mechanism: what its file in `mechanism/` exports. */
export interface Operations {
  /**
   * Opens the sending end, and makes the channel if it is not there.
   *
   * @throws {TypeError} If the mechanism cannot use the address.
   * @throws {LabError} If the object there, or its folder, is not ours to use.
   */
  openSender(address: Address): Opened<Sender>;
  /** Opens the receiving end, in the same way. */
  openReceiver(address: Address): Opened<Receiver>;
  /**
   * Keeps the channel open until the second child has opened it.
   *
   * @throws {LabError} If another process has it open.
   */
  keepOpen?(address: Address): Opened<KeptOpen>;
  /**
   * Looks at a channel from outside, and makes nothing. A channel that its
   * parent opens has no name to look at.
   *
   * @returns `undefined`: nothing is there.
   */
  inspect?(address: Address): Awaitable<Occupancy | undefined>;
  /**
   * Makes the kernel's object under a name of its own, and removes it again: on
   * some machines the kernel has none, or refuses it. Or asks its server.
   *
   * @throws {LabError} If the kernel refuses it, or no server answers.
   */
  tryOut?(): Awaitable<void>;
  /** Makes the memory that both ends share, if the parent makes the channel. */
  allocate?(address: Address): SharedArrayBuffer;
  /**
   * Removes the channel's name; a process that has it open keeps what it has.
   *
   * @returns What was removed; `undefined`: nothing was there.
   */
  remove(address: Address): Awaitable<string | undefined>;
}
