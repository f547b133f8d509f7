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
const TO_THE_END = 0n; // as a length

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
  return lockedWithin(fd, byte, 1n) !== undefined;
}

/** Have others locked any byte of the file? Locks nothing. */
export function isLocked(fd: number): boolean {
  return lockedWithin(fd, 0n, TO_THE_END) !== undefined;
}

/** Have others locked two bytes of the file, or more? Locks nothing. */
export function isLockedTwice(fd: number): boolean {
  const one = lockedWithin(fd, 0n, TO_THE_END);
  if (one === undefined) return false;
  // The kernel tells any of them, not the one with the lowest place.
  return lockedWithin(fd, one + 1n, TO_THE_END) !== undefined ||
    one > 0n && lockedWithin(fd, 0n, one) !== undefined;
}

/** @returns A byte in that range which others have locked, if there is one. */
function lockedWithin(fd: number, byte: bigint, length: bigint) {
  const flock = control(fd, F_OFD_GETLK, F_WRLCK, byte, length);
  return flock === undefined || typeOf(flock) === F_UNLCK
    ? undefined
    : flock.getBigInt64(8, true);
}

const typeOf = (flock: DataView) => flock.getInt16(0, true);

/** @returns The lock that is there; `undefined`: ours is refused. */
function control(
  fd: number,
  command: number,
  type: number,
  byte: bigint,
  length = 1n,
): DataView | undefined {
  // struct flock: short l_type, l_whence; off_t l_start, l_len; pid_t l_pid
  const flock = new DataView(new ArrayBuffer(32));
  flock.setInt16(0, type, true);
  flock.setBigInt64(8, byte, true);
  flock.setBigInt64(16, length, true);
  if (libc().fcntlLock(fd, command, flock) === 0) return flock;
  const error = errno();
  if (error === EAGAIN || error === EACCES) return undefined;
  throw new SystemError(`lock descriptor ${fd}`, error);
}
