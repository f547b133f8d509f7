/**
 * Who has an object open: advisory locks of the open file description, fcntl(2).
 * The kernel drops them with the last descriptor, so that not even kill -9
 * leaves a trace.
 *
 * @module
 */
import { errno, libc, SystemError } from "./libc.ts";
import { ownerOf } from "./owner.ts";

// Which byte of the object stands for which role.
const BYTE = { sender: 0n, receiver: 1n, parent: 2n, maker: 3n } as const;

/** The roles at a channel; the maker is whoever is just making or removing it. */
export type Role = keyof typeof BYTE;

const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_OFD_SETLKW = 38;

// struct flock: short l_type, l_whence; off_t l_start, l_len; pid_t l_pid
const flock = new DataView(new ArrayBuffer(32));

function lock(fd: number, command: number, type: number, role: Role): number {
  flock.setInt16(0, type, true);
  flock.setInt16(2, 0, true);
  flock.setBigInt64(8, BYTE[role], true);
  flock.setBigInt64(16, 1n, true);
  flock.setInt32(24, 0, true);
  if (libc().fcntlLock(fd, command, flock) < 0) {
    throw new SystemError(`lock descriptor ${fd}`, errno());
  }
  return flock.getInt16(0, true);
}

/**
 * Enters us, until we leave or the descriptor is closed. It must be open to read.
 *
 * @returns `false`: meanwhile somebody has removed the name; open it again.
 */
export function enter(fd: number, role: Role): boolean {
  return exclusively(fd, () => {
    lock(fd, F_OFD_SETLK, F_RDLCK, role);
    return ownerOf(fd).links > 0;
  });
}

/**
 * Takes us off again.
 *
 * @param last Called if we were the last one; nobody can enter meanwhile.
 */
export function leave(fd: number, role: Role, last: () => void): void {
  exclusively(fd, () => {
    lock(fd, F_OFD_SETLK, F_UNLCK, role);
    if (!present(fd, "sender") && !present(fd, "receiver")) last();
  });
}

/** Is anybody else there in that role? Asks, and takes nothing. */
export function present(fd: number, role: Role): boolean {
  return lock(fd, F_OFD_GETLK, F_WRLCK, role) !== F_UNLCK;
}

/** Does something that no other process may do at the same time. */
export function exclusively<T>(fd: number, work: () => T): T {
  lock(fd, F_OFD_SETLKW, F_WRLCK, "maker");
  try {
    return work();
  } finally {
    lock(fd, F_OFD_SETLK, F_UNLCK, "maker");
  }
}
