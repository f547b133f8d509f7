/**
 * Tells the kind and the owner of an open object: a name in /dev/shm, of a
 * queue or in run/ may belong to another user.
 *
 * @module
 */
import { errno, libc, SystemError } from "./libc.ts";

/** The object of a descriptor. */
export interface Stat {
  kind: "FIFO" | "socket" | "directory" | "file" | "link" | "device";
  inode: number;
  /** The user id of the owner. */
  uid: number;
  /** Permission bits, such as 0o600. */
  mode: number;
  /** How many names it has; 0: its name was removed, stat(2). */
  links: number;
  /** Its size in bytes. */
  size: number;
  /** Does it belong to our user, and is it closed to group and others? */
  ours: boolean;
}

const EMPTY = new Uint8Array(1);
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;

// The upper bits of the mode, inode(7).
const KINDS: Record<number, Stat["kind"]> = {
  0o01: "FIFO",
  0o04: "directory",
  0o10: "file",
  0o12: "link",
  0o14: "socket",
};

/**
 * Looks at an open descriptor of any kind: file, message queue, shared memory,
 * or a descriptor that was opened with `O_PATH`. It uses statx(2), because that
 * struct is the same on every processor.
 *
 * @throws {SystemError} If the descriptor is not open.
 */
export function stat(fd: number): Stat {
  const { statx, geteuid } = libc();
  const data = new DataView(new ArrayBuffer(256));
  if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, data) < 0) {
    throw new SystemError(`statx descriptor ${fd}`, errno());
  }
  const uid = data.getUint32(20, true);
  const bits = data.getUint16(28, true);
  const mode = bits & 0o7777;
  return {
    kind: KINDS[bits >> 12] ?? "device",
    inode: Number(data.getBigUint64(32, true)),
    uid,
    mode,
    links: data.getUint32(16, true),
    size: Number(data.getBigUint64(40, true)),
    ours: uid === geteuid() && (mode & 0o077) === 0,
  };
}
