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
  const wish = sharing === "shared" ? F_RDLCK : F_WRLCK;
  return control(fd, F_OFD_SETLK, wish, byte);
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
  const one = lockedWithin(fd, 1n, TO_THE_END);
  if (one === undefined) return false; // there is byte 0 at most
  // The kernel tells any of them, not the one with the lowest place.
  return lockedWithin(fd, one + 1n, TO_THE_END) !== undefined ||
    lockedWithin(fd, 0n, one) !== undefined;
}

/** @returns A byte in that range which others have locked, if there is one. */
function lockedWithin(fd: number, byte: bigint, length: bigint) {
  const done = control(fd, F_OFD_GETLK, F_WRLCK, byte, length);
  return done && type[0] !== F_UNLCK ? flock[1] : undefined;
}

// struct flock: short l_type, l_whence; off_t l_start, l_len; pid_t l_pid
const flock = new BigInt64Array(4);
const type = new Int16Array(flock.buffer);

/** Leaves the lock that is there in `flock`. @returns `false`: ours is refused. */
function control(
  fd: number,
  command: number,
  wish: number,
  byte: bigint,
  length = 1n,
): boolean {
  flock[0] = 0n; // counted from the file's start: SEEK_SET
  type[0] = wish;
  flock[1] = byte;
  flock[2] = length;
  flock[3] = 0n;
  if (libc().fcntlLock(fd, command, flock) === 0) return true;
  const error = errno();
  if (error === EAGAIN || error === EACCES) return false;
  throw new SystemError(`lock descriptor ${fd}`, error);
}
