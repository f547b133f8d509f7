/**
 * open(2), read(2), write(2) and their like. They say an error as a number:
 * throwing an `EAGAIN`, as `node:fs` does, costs tens of microseconds, and ends
 * that wait meet it often.
 *
 * @module
 */
import { constants as os } from "node:os";
import { cString, errno, libc, SystemError } from "./libc.ts";

/** Nothing to read, or no room to write, right now. */
export const EAGAIN = os.errno.EAGAIN;
/** No such open descriptor. */
export const EBADF = os.errno.EBADF;
/** A signal came before anything was done. */
export const EINTR = os.errno.EINTR;
/** The other end of the socket was closed with something unread. */
export const ECONNRESET = os.errno.ECONNRESET;
/** There is something of that name. */
export const EEXIST = os.errno.EEXIST;
/** No such file. */
export const ENOENT = os.errno.ENOENT;
/** A part of the path is no folder. */
export const ENOTDIR = os.errno.ENOTDIR;
/** Nobody has the FIFO open for reading. */
export const ENXIO = os.errno.ENXIO;
/** Nobody has the other end of the pipe open. */
export const EPIPE = os.errno.EPIPE;

// Flags of open(2), <asm-generic/fcntl.h> (those that differ on ARM are read by
// the machine): node:fs has them, but takes longer to load than all the rest.
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
/** Only the place in the file system: no end of a FIFO is opened by it. */
export const O_PATH = 0o10000000;

const F_GETFL = 3;
const F_SETFL = 4;

/**
 * Opens what is there, open(2).
 *
 * @param flags Such as `O_RDONLY | O_NONBLOCK`.
 * @returns A descriptor, or a negative error: `-ENOENT`.
 */
export function open(path: string, flags: number): number {
  const fd = libc().open(cString(path), flags | O_CLOEXEC);
  return fd < 0 ? -errno() : fd;
}

/**
 * Opens what is there on another thread, where open(2) may wait: a FIFO without
 * `O_NONBLOCK` waits for its other end, fifo(7).
 *
 * @returns Resolves to a descriptor, or to -1; errno stays with that thread.
 */
export function openOnThread(path: string, flags: number): Promise<number> {
  return libc().openOnThread(cString(path), flags | O_CLOEXEC);
}

/**
 * Removes a name, unlink(2); a process that has it open keeps the object.
 *
 * @throws {SystemError} If that fails, except where another was faster.
 */
export function unlink(path: string): void {
  if (libc().unlink(cString(path)) === 0) return;
  const error = errno();
  if (error !== ENOENT) throw new SystemError(`remove ${path}`, error);
}

/**
 * Makes a FIFO, mkfifo(3).
 *
 * @param mode Who may use it, such as 0o600.
 * @returns 0, or a negative error: `-EEXIST`.
 */
export function mkfifo(path: string, mode: number): number {
  return libc().mkfifo(cString(path), mode) < 0 ? -errno() : 0;
}

const FIONREAD = 0x541bn; // <asm-generic/ioctls.h>
const available = new Int32Array(1);

/**
 * How many bytes lie in a pipe or a socket, ioctl(2): `FIONREAD`.
 *
 * @throws {SystemError} If it is no open descriptor.
 */
export function bytesIn(fd: number): number {
  if (libc().ioctl(fd, FIONREAD, available) < 0) {
    throw new SystemError(`ask descriptor ${fd} for its bytes`, errno());
  }
  return available[0];
}

/** Closes a descriptor, close(2). */
export function close(fd: number): void {
  libc().close(fd);
}

/**
 * Reads what is there, read(2): up to the whole buffer.
 *
 * @param fd As `openSync` of `node:fs` gives it: the kernel's own number.
 * @returns Bytes read, 0 at the end, or a negative error: `-EAGAIN`.
 */
export function read(fd: number, buffer: Uint8Array): number {
  const count = libc().read(fd, buffer, BigInt(buffer.length));
  return count < 0 ? -(errno() || EINTR) : count; // 0 would be an end
}

/**
 * Writes as much as there is room for, write(2).
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
  // A view of a part costs an object: only where a write was cut short.
  const part = offset === 0 ? buffer : buffer.subarray(offset);
  const count = libc().write(fd, part, BigInt(length));
  return count < 0 ? -(errno() || EINTR) : count;
}

/**
 * Sets or clears `O_NONBLOCK`, fcntl(2): for standard input and output, which
 * somebody else has opened. It stays with the open file, so everybody who
 * shares it sees the change: set it back.
 *
 * @returns What it was before.
 * @throws {SystemError} If it is no open descriptor.
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
