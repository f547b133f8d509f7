/**
 * Marks which roles have an object open, by a locked byte for each role.
 *
 * @module
 */
import { constants as os } from "node:os";
import { LabError, LockedError } from "../error.ts";
import { isByteLocked, lockByte, unlockByte } from "./byte_lock.ts";
import { errno, libc, SystemError } from "./libc.ts";

// The byte of the object that a role locks.
const BYTES = { sender: 0n, receiver: 1n, parent: 2n } as const;

/** The roles at a channel. */
export type Role = keyof typeof BYTES;

/** The roles in words. */
const WORDS: Record<Role, string> = {
  sender: "a producer",
  receiver: "a consumer",
  parent: "another lab",
};
const EVERY_ROLE: readonly Role[] = ["parent", "receiver", "sender"];

/** The first byte that no role locks. */
export const FREE_BYTE = 3n;
/** A FIFO's sender locks it while it writes a record in several pieces. */
const LONG_RECORD = FREE_BYTE;

/** The marks of the roles at one object, and this process's own. */
export class Presence {
  readonly #fd: number;
  readonly #first: bigint;

  /**
   * @param fd Open to read; no other code may use this open file description.
   * @param path If `fd` is a folder: the file in it that is meant.
   */
  constructor(fd: number, path?: string) {
    this.#fd = fd;
    this.#first = path === undefined ? 0n : offsetOf(path);
  }

  /**
   * Sets our mark, until we leave or the descriptor is closed. Call it under the
   * lock of {@linkcode exclusively}.
   *
   * @param object The name of the object, shown in the error.
   * @param exclusive Refuse to share the role with another process. A lab's
   * parent shares its channel only with its children in any case.
   * @throws {LabError} If another process has a role that we refuse.
   */
  enter(role: Role, object: string, exclusive = false): void {
    const refused = role === "parent"
      ? EVERY_ROLE
      : exclusive
      ? [role, "parent" as const]
      : [];
    const found = refused.find((other) => this.has(other));
    if (found !== undefined) {
      const holder = exclusive && found === role
        ? `another ${role}`
        : WORDS[found];
      throw new LabError(
        `Cannot start as ${holder} has ${object} open: ` +
          "wait for its end, or choose another --name",
      );
    }
    const entered = lockByte(this.#fd, this.#byteOf(role), "shared");
    if (!entered) { // our own programs always share the byte
      throw new LabError(
        `Cannot start as a program that is not ours has locked ${object}: ` +
          "wait for its end, or choose another --name",
      );
    }
  }

  /** Removes our mark. */
  leave(role: Role): void {
    unlockByte(this.#fd, this.#byteOf(role));
  }

  /** Does another process have this role? Only asks, and locks nothing. */
  has(role: Role): boolean {
    return isByteLocked(this.#fd, this.#byteOf(role));
  }

  /** Marks this sender as one that writes a record in several pieces. */
  beginLongRecord(): void {
    lockByte(this.#fd, this.#first + LONG_RECORD, "shared");
  }

  /** Removes that mark. */
  endLongRecord(): void {
    unlockByte(this.#fd, this.#first + LONG_RECORD);
  }

  /** Is another sender within such a record? */
  get hasLongRecord(): boolean {
    return isByteLocked(this.#fd, this.#first + LONG_RECORD);
  }

  /** Is this process the only one with a role? */
  get isAlone(): boolean {
    return !EVERY_ROLE.some((role) => this.has(role));
  }

  /** The roles that other processes have. */
  get roles(): Record<Role, boolean> {
    const [sender, receiver] = [this.has("sender"), this.has("receiver")];
    return { sender, receiver, parent: this.has("parent") };
  }

  #byteOf(role: Role): bigint {
    return this.#first + BYTES[role];
  }
}

/**
 * The first byte that a name locks in its folder: 58 bits of its FNV-1a hash.
 * A lock may lie beyond the end of the file, fcntl(2).
 */
function offsetOf(path: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(path)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return 4n * BigInt.asUintN(58, hash);
}

const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** How long (ms) to wait for a lock. Meanwhile the thread hears no Ctrl-C. */
const LOCK_TIMEOUT_MS = 1000;
const NOTHING = new Int32Array(0);

/**
 * Does the work under a lock of the open file, flock(2): one process at a time.
 * The work must be short, as the others block until it is over.
 *
 * @param what The file's name in the error.
 * @throws {LockedError} If other processes hold the lock for a second.
 */
export function exclusively<T>(fd: number, what: string, work: () => T): T {
  const { flock, poll } = libc();
  const latestMs = performance.now() + LOCK_TIMEOUT_MS;
  while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    const error = errno();
    if (error !== os.errno.EWOULDBLOCK && error !== os.errno.EINTR) {
      throw new SystemError(`lock ${what}`, error);
    }
    if (performance.now() > latestMs) {
      throw new LockedError(
        `Cannot lock ${what} as another process holds the lock: ` +
          `is one of ours stopped? fg, or kill -9`,
      );
    }
    poll(NOTHING, 0n, 1); // sleeps for a millisecond
  }
  try {
    return work();
  } finally {
    flock(fd, LOCK_UN);
  }
}
