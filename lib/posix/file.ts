/**
 * open(2), read(2), write(2) and similar calls. They return an error as a
 * number: to throw an `EAGAIN`, as `node:fs` does, costs tens of microseconds,
 * and an end that waits meets it often.
 *
 * @module
 */
import { constants as os } from "node:os";
import { confirmed, cString, errno, libc, SystemError } from "./libc.ts";

/** Nothing to read, or no room to write, right now. */
export const EAGAIN = os.errno.EAGAIN;
/** Permission denied. */
export const EACCES = os.errno.EACCES;
/** No such open descriptor. */
export const EBADF = os.errno.EBADF;
/** A signal came before anything was done. */
export const EINTR = os.errno.EINTR;
/** The other end of the socket was closed with something unread. */
export const ECONNRESET = os.errno.ECONNRESET;
/** Something has that name already. */
export const EEXIST = os.errno.EEXIST;
/** No such file. */
export const ENOENT = os.errno.ENOENT;
/** A part of the path is no folder. */
export const ENOTDIR = os.errno.ENOTDIR;
/** No process has the FIFO open to read. */
export const ENXIO = os.errno.ENXIO;
/** No process has the reading end of the pipe open. */
export const EPIPE = os.errno.EPIPE;

// Flags of open(2), <asm-generic/fcntl.h>; two differ on ARM. node:fs has them
// too, but takes longer to load than all the rest.
const arm = Deno.build.arch === "aarch64";
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY: number = arm ? 0o40000 : 0o200000;
export const O_NOFOLLOW: number = arm ? 0o100000 : 0o400000;
export const O_CLOEXEC = 0o2000000;
/** Opens only the place in the file system, and no end of a FIFO. */
export const O_PATH = 0o10000000;

const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;

/**
 * Opens a file that is there, open(2).
 *
 * @param flags Such as `O_RDONLY | O_NONBLOCK`.
 * @returns A descriptor, or a negative error: `-ENOENT`.
 */
export function open(path: string, flags: number): number {
  const fd = libc().open(cString(path), flags | O_CLOEXEC);
  return fd < 0 ? -errno() : fd;
}

/**
 * Opens a file in the place of a descriptor that is open: open(2), dup2(2).
 *
 * @returns `false`: it could not be opened, and the descriptor is what it was.
 */
export function openAgain(fd: number, path: string, flags: number): boolean {
  const again = open(path, flags);
  if (again < 0) return false;
  const done = libc().dup2(again, fd) >= 0;
  close(again);
  return done;
}

/**
 * Opens a file on another thread, where open(2) may wait: without `O_NONBLOCK`,
 * it waits for the other end of a FIFO, fifo(7).
 *
 * @returns Resolves to a descriptor, or to -1; errno stays with that thread.
 */
export function openOnThread(path: string, flags: number): Promise<number> {
  return libc().openOnThread(cString(path), flags | O_CLOEXEC);
}

/**
 * Removes a name, unlink(2); a process that has it open keeps the object.
 *
 * @throws {SystemError} If that fails, except if the name is gone already.
 */
export function unlink(path: string): void {
  if (libc().unlink(cString(path)) === 0) return;
  const error = errno();
  if (error !== ENOENT) throw new SystemError(`remove ${path}`, error);
}

/**
 * Makes a FIFO, mkfifo(3).
 *
 * @param mode The permission bits, such as 0o600.
 * @returns 0, or a negative error: `-EEXIST`.
 */
export function mkfifo(path: string, mode: number): number {
  return libc().mkfifo(cString(path), mode) < 0 ? -errno() : 0;
}

const FIONREAD = 0x541bn; // <asm-generic/ioctls.h>
const available = new Int32Array(1);

/**
 * How many bytes lie in a pipe or a socket, ioctl(2): `FIONREAD`; 0 for a device
 * that cannot tell, as `/dev/null`.
 *
 * @throws {SystemError} If the descriptor is not open.
 */
export function bytesIn(fd: number): number {
  if (libc().ioctl(fd, FIONREAD, available) === 0) return available[0];
  const error = errno();
  if (error === os.errno.ENOTTY) return 0;
  throw new SystemError(`ask descriptor ${fd} for its bytes`, error);
}

/** Errors of read(2) and write(2) that callers expect. */
const USUAL = [EAGAIN, EPIPE, EINTR, ECONNRESET];

/** Closes a descriptor, close(2). */
export function close(fd: number): void {
  libc().close(fd);
}

/**
 * Lets the programs that we start inherit a descriptor, under its number:
 * fcntl(2) removes FD_CLOEXEC.
 *
 * @throws {SystemError} If the descriptor is not open.
 */
export function inherit(fd: number): void {
  if (libc().fcntl(fd, F_SETFD, 0) === 0) return;
  throw new SystemError(`fcntl descriptor ${fd}`, errno());
}

/**
 * Reads what is there, read(2): up to the whole buffer.
 *
 * @param fd The kernel's number, as `openSync` of `node:fs` returns it.
 * @returns Bytes read, 0 at the end, or a negative error: `-EAGAIN`.
 */
export function read(fd: number, buffer: Uint8Array): number {
  const count = libc().read(fd, buffer, BigInt(buffer.length));
  if (count >= 0) return count;
  const again = () => libc().read(fd, buffer, BigInt(buffer.length));
  return confirmed(errno(), USUAL, again);
}

/**
 * Writes as many bytes as there is room for, write(2).
 *
 * @param offset Where to begin in the buffer.
 * @param length Bytes to write from there.
 * @returns Bytes written, or a negative error: `-EAGAIN`, `-EPIPE`.
 */
export function write(
  fd: number,
  buffer: Uint8Array,
  offset = 0,
  length = buffer.length - offset,
): number {
  if (offset < 0 || length < 0 || offset + length > buffer.length) {
    throw new RangeError(
      `Cannot write ${length} bytes from ${offset} on: the buffer has ${buffer.length}`,
    );
  }
  // A view costs an object, so it is made only after a short write.
  const part = offset === 0 ? buffer : buffer.subarray(offset);
  const count = libc().write(fd, part, BigInt(length));
  if (count >= 0) return count;
  const again = () => libc().write(fd, part, BigInt(length));
  return confirmed(errno(), USUAL, again);
}

/**
 * Sets or clears `O_NONBLOCK`, fcntl(2): for standard input and output, which
 * another program has opened. All processes that share the open file see the
 * change, so set it back.
 *
 * @returns Was it set before?
 * @throws {SystemError} If the descriptor is not open.
 */
export function setNonBlocking(fd: number, on: boolean): boolean {
  const { fcntl } = libc();
  const flags = fcntl(fd, F_GETFL, 0);
  if (flags < 0) throw new SystemError(`fcntl descriptor ${fd}`, errno());
  const was = (flags & O_NONBLOCK) !== 0;
  const wish = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (was !== on && fcntl(fd, F_SETFL, wish) < 0) {
    throw new SystemError(`fcntl descriptor ${fd}`, errno());
  }
  return was;
}
