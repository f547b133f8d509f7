/**
 * The C library, opened on first use: importing this file needs no permission.
 *
 * Lengths are passed as `usize`, a BigInt: a call with a number works, too, but
 * misses the fast path. Results of type `ssize_t` or `long` are read as `i32`:
 * ours fit, and reading them as `i64` would make a BigInt each time.
 *
 * @module
 */
import { constants } from "node:os";
import { LabError } from "../error.ts";
import { available } from "./available.ts";

const PATHS = [
  `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`, // Debian, Ubuntu
  "/lib64/libc.so.6", // Fedora, Arch
  "libc.so.6", // let ld.so(8) search
];

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  accept4: {
    parameters: ["i32", "pointer", "pointer", "i32"],
    result: "i32",
  },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  fcntlLock: {
    name: "fcntl",
    parameters: ["i32", "i32", "buffer"],
    result: "i32",
  },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  futex: { // glibc has no function of its own for it: futex(2)
    name: "syscall",
    parameters: ["i64", "buffer", "i32", "i32", "buffer"],
    result: "i32",
  },
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  inotify_add_watch: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  inotify_init1: { parameters: ["i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
  mmap: {
    parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"],
    result: "pointer",
  },
  mq_getattr: { parameters: ["i32", "buffer"], result: "i32" },
  mq_open: { parameters: ["buffer", "i32", "u32", "buffer"], result: "i32" },
  mq_receive: {
    parameters: ["i32", "buffer", "usize", "buffer"],
    result: "i32",
  },
  mq_send: { parameters: ["i32", "buffer", "usize", "u32"], result: "i32" },
  mq_unlink: { parameters: ["buffer"], result: "i32" },
  msgctl: { parameters: ["i32", "i32", "pointer"], result: "i32" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  openOnThread: {
    name: "open",
    parameters: ["buffer", "i32"],
    result: "i32",
    nonblocking: true, // for JavaScript: it runs on another thread
  },
  pidfd_getfd: { // older glibc have no function of their own for the two
    name: "syscall",
    parameters: ["i64", "i32", "i32", "u32"],
    result: "i32",
  },
  pidfd_open: {
    name: "syscall",
    parameters: ["i64", "i32", "u32"],
    result: "i32",
  },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  posix_fallocate: { parameters: ["i32", "i64", "i64"], result: "i32" },
  prctl: { parameters: ["i32", "u64"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  setSigaction: {
    name: "sigaction",
    parameters: ["i32", "buffer", "pointer"],
    result: "i32",
  },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  shmctl: { parameters: ["i32", "i32", "pointer"], result: "i32" },
  shm_open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  shm_unlink: { parameters: ["buffer"], result: "i32" },
  sigaction: { parameters: ["i32", "pointer", "buffer"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  statx: {
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },
  strerror: { parameters: ["i32"], result: "pointer" },
  umask: { parameters: ["u32"], result: "u32" },
  unlink: { parameters: ["buffer"], result: "i32" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let functions: Libc | undefined;
let errnoWord = new Int32Array(1);

/**
 * The functions of the C library.
 *
 * @throws {LabError} If they cannot be loaded, or are not permitted.
 */
export function libc(): Libc {
  return functions ??= open();
}

function open(): Libc {
  const there = available();
  if (there !== true) throw new LabError(`Cannot call the C library: ${there}`);
  const failures: string[] = [];
  for (const path of PATHS) {
    try {
      const { __errno_location } = load(path, "__errno_location");
      // A thread's errno never moves, errno(3): one view of it is enough.
      const place = __errno_location()!;
      errnoWord = new Int32Array(
        Deno.UnsafePointerView.getArrayBuffer(place, 4),
      );
      return onFirstUse(path);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new LabError(`Cannot open the C library: ${failures.join("; ")}`);
}

function load<Name extends keyof Libc>(path: string, name: Name) {
  const symbols = { [name]: SYMBOLS[name] } as Pick<typeof SYMBOLS, Name>;
  return Deno.dlopen(path, symbols).symbols;
}

/** A function of the C library. */
export type CFunction = (...args: unknown[]) => unknown;
/** Puts another function in the place of one. @param name A key of `libc()`. */
export type Wrap = (name: string, called: CFunction) => CFunction;

// Without --calls, the caller gets the function itself: the fast path.
let wrap: Wrap = (_, called) => called;

/** From now on, gives each function to `wrapper` before its first call. */
export function wrapCalls(wrapper: Wrap): void {
  wrap = wrapper;
  functions = undefined; // those that are loaded already are not wrapped
}

/** Loads each function at its first call: 0.2 ms each, and few are called. */
function onFirstUse(path: string): Libc {
  const functions: Record<string, unknown> = {};
  for (const name of Object.keys(SYMBOLS) as (keyof Libc)[]) {
    functions[name] = (...args: unknown[]) => {
      const { [name]: loaded } = load(path, name);
      const used = wrap(name, loaded as CFunction);
      functions[name] = used;
      return used(...args);
    };
  }
  return functions as Libc;
}

/** Why the last call failed, errno(3). The next call may change it. */
export function errno(): number {
  return errnoWord[0];
}

/**
 * Makes sure why a call has failed. Between the call and our look at errno, the
 * engine may make calls of its own, for instance to collect garbage, and change
 * it: of 200 consumers in a soak, accept(2) failed for one with `ENOENT`, which
 * it never has. So an error that is not usual is believed if it comes again.
 *
 * @param error What {@linkcode errno} said.
 * @param usual The errors that the caller expects.
 * @param again Makes the call once more.
 * @returns What the call returned the second time, or a negative error.
 */
export function confirmed(
  error: number,
  usual: readonly number[],
  again: () => number,
): number {
  if (usual.includes(error)) return -error;
  const result = again();
  // 0 is no error: it was changed again, and EINTR says to try later.
  return result < 0 ? -(errno() || constants.errno.EINTR) : result;
}

/** Sets errno(3) back, after calls that nobody may notice. */
export function restoreErrno(code: number): void {
  errnoWord[0] = code;
}

/** The name of an error's number in errno(3): `EAGAIN`. */
export function errorName(code: number): string {
  return NAMES.get(code) ?? `errno ${code}`;
}

/** A string with a NUL at its end, as C has it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(`Cannot pass a string with a NUL to C: '${text}'`);
  }
  return new TextEncoder().encode(`${text}\0`);
}

/** A call failed in a way that its wrapper does not handle. */
export class SystemError extends LabError {
  override name = "SystemError";
  /** The name in errno(3): `EACCES`. */
  readonly code: string;

  /**
   * @param action What could not be done, such as `mq_open /x`.
   * @param errno The error's number.
   * @param hint What the user can do about it.
   */
  constructor(action: string, errno: number, hint?: string) {
    const words = Deno.UnsafePointerView.getCString(libc().strerror(errno)!);
    super(`Cannot ${action}: ${words}${hint ? `: ${hint}` : ""}`);
    this.code = errorName(errno);
  }
}

// Reversed, because the first of two names of a number is the usual: EAGAIN.
const NAMES = new Map(
  Object.entries(constants.errno).reverse().map((
    [name, value],
  ) => [value, name]),
);
