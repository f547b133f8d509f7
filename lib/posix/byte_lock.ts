/**
 * Locks of single bytes of an open file: advisory locks of the open file
 * description, fcntl(2). The kernel drops a lock with its last descriptor, so
 * not even a process ended by kill -9 leaves one behind. Unlike a process id,
 * a lock means the same in every pid namespace, so also between containers.
 *
 * @module
 */
import { constants as os } from "node:os";
import { errno, libc, SystemError } from "./libc.ts";

const { EACCES, EAGAIN } = os.errno;

const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;

/** Whether others may lock the byte in the same way. */
export type Sharing = "shared" | "alone";

/**
 * Locks a byte, without waiting; it may lie beyond the end of the file.
 *
 * @returns `false`: another open file description has locked it.
 */
export function lockByte(fd: number, byte: bigint, sharing: Sharing): boolean {
  const type = sharing === "shared" ? F_RDLCK : F_WRLCK;
  return control(fd, F_OFD_SETLK, type, byte) !== undefined;
}

/** Unlocks a byte. */
export function unlockByte(fd: number, byte: bigint): void {
  control(fd, F_OFD_SETLK, F_UNLCK, byte);
}

/** Has another open file description locked the byte? Locks nothing. */
export function isByteLocked(fd: number, byte: bigint): boolean {
  return control(fd, F_OFD_GETLK, F_WRLCK, byte) !== F_UNLCK;
}

/** @returns The type of the lock that is there; `undefined`: it is refused. */
function control(
  fd: number,
  command: number,
  type: number,
  byte: bigint,
): number | undefined {
  // struct flock: short l_type, l_whence; off_t l_start, l_len; pid_t l_pid
  const flock = new DataView(new ArrayBuffer(32));
  flock.setInt16(0, type, true);
  flock.setBigInt64(8, byte, true);
  flock.setBigInt64(16, 1n, true);
  if (libc().fcntlLock(fd, command, flock) === 0) {
    return flock.getInt16(0, true);
  }
  const error = errno();
  if (error === EAGAIN || error === EACCES) return undefined;
  throw new SystemError(`lock descriptor ${fd}`, error);
}
