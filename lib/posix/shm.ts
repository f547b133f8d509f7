/**
 * Shared memory with a name: shm_overview(7).
 *
 * @module
 */
import { constants as os } from "node:os";
import { EAGAIN, O_CREAT, O_EXCL, O_RDONLY, O_RDWR } from "./file.ts";
import { LabError } from "../error.ts";
import { cString, errno, libc, SystemError } from "./libc.ts";
import { type Stat, stat } from "./stat.ts";

const { EACCES, EEXIST, EINTR, ENOENT } = os.errno;
const MOST_BYTES = 2 ** 31 - 1; // in one ArrayBuffer
const PROT_READ_WRITE = 1 | 2;
const MAP_SHARED = 1;
/** How long (ms) to wait until a segment has its size. */
const SIZE_MS = 100;
const NOTHING = new Int32Array(0);
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Options for {@linkcode openShared}. */
export interface SharedOptions {
  /** Make the segment, for us alone (0600), if it is not there. */
  create?: boolean;
  /** Refuse a segment that is there already: `EEXIST`. @default {false} */
  exclusive?: boolean;
  /** How many bytes to make; needed with `create`. */
  bytes?: number;
}

/** Memory that several processes see. */
export interface SharedSegment extends Disposable {
  /** The memory; Atomics work on it, except `wait` and `notify`. */
  readonly memory: ArrayBuffer;
  /** Its size, as its maker has chosen it. */
  readonly bytes: number;
  /** Did this call make it? Then it is all zeros. */
  readonly created: boolean;
  /** Its descriptor, which the locks of `presence.ts` need. */
  readonly fd: number;
  /** Unmaps the memory, so that its views have length 0, and closes the fd. */
  close(): void;
}

/**
 * Opens a segment and maps it: shm_open(3), posix_fallocate(3), mmap(2).
 *
 * @param name A slash and 1 to 254 other characters.
 * @throws {SystemError} `ENOENT` if there is none and `create` is not given;
 * `EAGAIN` if its maker has not given it a size yet; `ENOSPC` if no memory is
 * left for it.
 */
export function openShared(
  name: string,
  { create = false, exclusive = false, bytes = 0 }: SharedOptions = {},
): SharedSegment {
  if (create && !(Number.isSafeInteger(bytes) && bytes > 0)) {
    throw new RangeError(
      `Cannot make shared memory as 'bytes' must be a positive integer: current value is ${bytes}`,
    );
  }
  const { fd, created } = openName(name, create, exclusive);
  try {
    return map(name, fd, created, create ? bytes : 0);
  } catch (error) {
    if (created) unlinkShared(name); // it is only half made
    libc().close(fd);
    throw error;
  }
}

/**
 * Maps a segment whose descriptor we have inherited: it needs no name.
 *
 * @throws {SystemError} If the descriptor is of no segment.
 */
export function mapShared(fd: number): SharedSegment {
  return map(`descriptor ${fd}`, fd, false, 0);
}

/** If two processes make it at once, `created` is true for exactly one. */
function openName(name: string, create: boolean, exclusive: boolean) {
  const { shm_open } = libc();
  const path = cString(name);
  for (;;) {
    let refused = 0;
    if (create) {
      const flags = O_RDWR | O_CREAT | O_EXCL;
      const fd = shm_open(path, flags, 0o600);
      if (fd >= 0) return { fd, created: true };
      refused = errno();
      if (exclusive) throw new SystemError(`shm_open ${name}`, refused);
    }
    const fd = shm_open(path, O_RDWR, 0);
    if (fd >= 0) return { fd, created: false };
    const error = errno();
    const exists = refused === EEXIST; // so only the second error tells why
    if (exists && error === ENOENT) continue; // removed between our two calls
    throw new SystemError(
      `shm_open ${name}`,
      exists ? error : refused || error,
      exists && error === EACCES ? "it belongs to another user" : undefined,
    );
  }
}

function map(
  name: string,
  fd: number,
  created: boolean,
  wish: number,
): SharedSegment {
  const { mmap, munmap } = libc();
  let bytes = wish > 0 ? stat(fd).size : sizeInTime(name, fd);
  if (bytes === 0) {
    // The first process gives it its size, even if its maker was killed. Unlike
    // ftruncate(2), this never shrinks memory that another process uses. And it
    // takes the memory now: to run out of it later would be a SIGBUS.
    allocate(name, fd, wish);
    bytes = stat(fd).size;
  }
  if (bytes > MOST_BYTES) {
    throw new LabError(
      `Cannot map ${name} as it has ${bytes} bytes: at most ${MOST_BYTES}`,
    );
  }
  const length = BigInt(bytes);
  const place = mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, 0n);
  const error = errno();
  if (place === null || Deno.UnsafePointer.value(place) === MAP_FAILED) {
    throw new SystemError(`mmap ${name}`, error);
  }
  const memory = Deno.UnsafePointerView.getArrayBuffer(place, bytes);
  const close = () => {
    if (memory.detached) return;
    memory.transfer(); // to read a view of unmapped memory would crash
    munmap(place, length);
    libc().close(fd);
  };
  return {
    memory,
    bytes,
    created,
    fd,
    close,
    [Symbol.dispose]: close,
  };
}

/** The size of a segment, which its maker may be about to give it. */
function sizeInTime(name: string, fd: number): number {
  const latest = performance.now() + SIZE_MS;
  for (;;) {
    const { size } = stat(fd);
    if (size > 0) return size;
    if (performance.now() > latest) {
      throw new SystemError(
        `map ${name}`,
        EAGAIN,
        "it has no size: perhaps its maker was killed before it gave it one",
      );
    }
    libc().poll(NOTHING, 0n, 1); // sleeps for a millisecond
  }
}

function allocate(name: string, fd: number, bytes: number): void {
  for (;;) {
    // This call returns its error and does not set errno.
    const error = libc().posix_fallocate(fd, 0n, BigInt(bytes));
    if (error === 0) return;
    if (error !== EINTR) {
      throw new SystemError(`allocate ${bytes} bytes for ${name}`, error);
    }
  }
}

/**
 * Looks at a segment without mapping it: it may be too large for that.
 *
 * @returns `undefined`: there is none of that name.
 */
export function statShared(name: string): Stat | undefined {
  const fd = libc().shm_open(cString(name), O_RDONLY, 0);
  if (fd < 0) {
    const error = errno();
    if (error === ENOENT) return undefined;
    throw new SystemError(`shm_open ${name}`, error);
  }
  const found = stat(fd);
  libc().close(fd);
  return found;
}

/**
 * Removes the name, shm_unlink(3); processes that have mapped it keep it.
 *
 * @returns Was there one?
 */
export function unlinkShared(name: string): boolean {
  if (libc().shm_unlink(cString(name)) === 0) return true;
  const error = errno();
  if (error === ENOENT) return false;
  throw new SystemError(`shm_unlink ${name}`, error);
}
