/**
 * Whose an open object is: names in /dev/shm and of queues are everybody's.
 *
 * @module
 */
import { errno, libc, SystemError } from "./libc.ts";

/** Whose an open file is, and who may use it. */
export interface Owner {
  /** User id. */
  uid: number;
  /** Permission bits, such as 0o600. */
  mode: number;
  /** Names it has; 0: it was removed, stat(2). */
  links: number;
  /** Bytes it holds. */
  size: number;
  /** Is it ours: our own user's, and shut to group and others? */
  ours: boolean;
}

const EMPTY = new Uint8Array(1);
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;

/**
 * Looks at an open descriptor of any kind: file, message queue, shared memory.
 * With statx(2), for its struct is the same on every processor.
 *
 * @throws {SystemError} If it is no open descriptor.
 */
export function ownerOf(fd: number): Owner {
  const { statx, geteuid } = libc();
  const stat = new DataView(new ArrayBuffer(256));
  if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, stat) < 0) {
    throw new SystemError(`statx descriptor ${fd}`, errno());
  }
  const links = stat.getUint32(16, true);
  const uid = stat.getUint32(20, true);
  const mode = stat.getUint16(28, true) & 0o7777;
  const size = Number(stat.getBigUint64(40, true));
  return {
    uid,
    mode,
    links,
    size,
    ours: uid === geteuid() && (mode & 0o077) === 0,
  };
}
