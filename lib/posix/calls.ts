/**
 * Writes calls of the C library as lines, in the words of their man pages:
 * `read(5, "1\n2\n", 65536) = 4`. Here is how each call looks; `libc.ts` makes
 * the calls.
 *
 * @module
 */
import {
  atFlags,
  fcntlCommand,
  futexOperation,
  inotifyEvents,
  lockOperation,
  lockType,
  mapFlags,
  octal,
  openFlags,
  pollEvents,
  protection,
  socketFlags,
} from "./call_flags.ts";

/** Longer strings are shortened, as strace(1) does it. */
const SHOWN_BYTES = 32;

type Show = (argument: unknown, result: number) => string;

const plain: Show = (value) =>
  value === null ? "NULL" : String(value as number | bigint);

const flags = (words: (bits: number) => string): Show => (value) =>
  words(Number(value));

/** An address, as strace(1) writes it. */
export function addressText(pointer: unknown): string {
  const value = Deno.UnsafePointer.value(pointer as Deno.PointerValue);
  return `0x${value.toString(16)}`;
}

const place: Show = (value) => value === null ? "NULL" : addressText(value);

/** A path or a name: it ends at its NUL. */
const path: Show = (value) => {
  const bytes = bytesOf(value);
  return quoted(bytes.subarray(0, bytes.indexOf(0)), Infinity);
};

/** What is written: the next argument is its length. */
const sent: Show = (value) => quoted(bytesOf(value));

/** What was read: the result is its length. */
const received: Show = (value, result) =>
  result < 0 ? "..." : quoted(bytesOf(value).subarray(0, result));

/** struct pollfd: int fd; short events; short revents. */
const pollfds: Show = (value) => {
  const { buffer, byteOffset, length } = value as Int32Array;
  const words = new Int32Array(buffer, byteOffset, length);
  const halves = new Int16Array(buffer, byteOffset, 2 * length);
  const shown: string[] = [];
  for (let i = 0; i < length; i += 2) {
    const events = pollEvents(halves[2 * i + 2]);
    const found = halves[2 * i + 3];
    const revents = found === 0 ? "" : `, revents=${pollEvents(found)}`;
    shown.push(`{fd=${words[i]}, events=${events}${revents}}`);
  }
  return `[${shown.join(", ")}]`;
};

/** struct mq_attr: long mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs. */
const queueAttributes: Show = (value, result) => {
  if (result < 0) return "...";
  const [, most, size, messages] = value as BigInt64Array;
  return `{mq_maxmsg=${most}, mq_msgsize=${size}, mq_curmsgs=${messages}}`;
};

/** The word that an ioctl(2) or mq_receive(3) has filled in. */
const word: Show = (value, result) =>
  result < 0 ? "..." : `[${(value as Int32Array)[0]}]`;

/** struct flock: short l_type, l_whence; off_t l_start, l_len. */
const fileLock: Show = (value) => {
  const [head, start, length] = value as BigInt64Array;
  const type = lockType(Number(head & 0xffffn));
  return `{l_type=${type}, l_start=${start}, l_len=${length}}`;
};

/** A word of shared memory, by its place in the segment. */
const sharedWord: Show = (value) =>
  `segment+${(value as Int32Array).byteOffset}`;

/** struct timespec. */
const timespec: Show = (value) => {
  if (value === null) return "NULL";
  const [seconds, nanoseconds] = value as BigInt64Array;
  return `{tv_sec=${seconds}, tv_nsec=${nanoseconds}}`;
};

/** struct sockaddr_un: the family, 2 bytes, and the path. */
const address: Show = (value) =>
  `{AF_UNIX, ${path(bytesOf(value).subarray(2), 0)}}`;

/** The two descriptors of pipe2(2). */
const pair: Show = (value, result) =>
  result < 0 ? "..." : `[${(value as Int32Array).join(", ")}]`;

/** struct statx: of its 256 bytes, the number of names and the size. */
const status: Show = (value, result) => {
  if (result < 0) return "...";
  const data = value as DataView;
  return `{stx_nlink=${data.getUint32(16, true)}, stx_size=${
    data.getBigUint64(40, true)
  }}`;
};

/** How the arguments of each call are shown. A call that is not here is not. */
const ARGUMENTS: Record<string, Show[]> = {
  accept4: [plain, plain, plain, flags(socketFlags)],
  bind: [plain, address, plain],
  close: [plain],
  connect: [plain, address, plain],
  dup2: [plain, plain],
  fcntl: [plain, flags(fcntlCommand), flags(openFlags)],
  fcntlLock: [plain, flags(fcntlCommand), fileLock],
  flock: [plain, flags(lockOperation)],
  futex: [sharedWord, flags(futexOperation), plain, timespec],
  inotify_add_watch: [plain, path, flags(inotifyEvents)],
  inotify_init1: [flags(openFlags)],
  ioctl: [plain, () => "FIONREAD", word],
  listen: [plain, plain],
  mkfifo: [path, flags(octal)],
  mmap: [
    place,
    plain,
    flags(protection),
    flags(mapFlags),
    plain,
    plain,
  ],
  mq_getattr: [plain, queueAttributes],
  mq_open: [path, flags(openFlags), flags(octal), queueAttributes],
  mq_receive: [plain, received, plain, word],
  mq_send: [plain, sent, plain, plain],
  mq_unlink: [path],
  munmap: [place, plain],
  open: [path, flags(openFlags)],
  openOnThread: [path, flags(openFlags)],
  pipe2: [pair, flags(openFlags)],
  poll: [pollfds, plain, plain],
  posix_fallocate: [plain, plain, plain],
  read: [plain, received, plain],
  shm_open: [path, flags(openFlags), flags(octal)],
  shm_unlink: [path],
  socket: [() => "AF_UNIX", flags(socketFlags), plain],
  statx: [plain, path, flags(atFlags), () => "STATX_BASIC_STATS", status],
  unlink: [path],
  write: [plain, sent, plain],
};

/** Names of ours that differ from the man page's. */
const NAMES: Record<string, string> = {
  fcntlLock: "fcntl",
  openOnThread: "open",
};

/** Is the call shown? Calls that ask for our own state are not. */
export function isShown(name: string): boolean {
  return Object.hasOwn(ARGUMENTS, name);
}

/**
 * A call as its man page writes it, without `= RESULT`.
 *
 * @param name A key of `libc()`.
 * @param result What it returned; a pointer counts as 0.
 */
export function callText(
  name: string,
  args: readonly unknown[],
  result: number,
): string {
  // futex(2) is called by its number, which comes first.
  const given = name === "futex" ? args.slice(1) : args;
  const shown = ARGUMENTS[name].slice(0, given.length)
    .map((show, i) => show(given[i], result));
  return `${manName(name)}(${withoutUnused(name, shown, given).join(", ")})`;
}

/** The name in the man page: `fcntl` for `fcntlLock`. */
export function manName(name: string): string {
  return NAMES[name] ?? name;
}

/** Leaves out the arguments that the kernel ignores. */
function withoutUnused(
  name: string,
  shown: string[],
  given: readonly unknown[],
): string[] {
  const creates = shown[1]?.includes("O_CREAT");
  if (name === "mq_open" && !creates) return shown.slice(0, 2);
  if (name === "futex" && shown[1] === "FUTEX_WAKE") return shown.slice(0, 3);
  const asks = name === "fcntl" && given[1] === 3; // F_GETFL
  return asks ? shown.slice(0, 2) : shown;
}

function bytesOf(value: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A string as C writes it, shortened. */
function quoted(bytes: Uint8Array, most = SHOWN_BYTES): string {
  let text = "";
  for (const byte of bytes.subarray(0, most)) text += character(byte);
  return `"${text}"${bytes.length > most ? "..." : ""}`;
}

const ESCAPES: Record<number, string> = {
  0x09: "\\t",
  0x0a: "\\n",
  0x0d: "\\r",
  0x22: '\\"',
  0x5c: "\\\\",
};

function character(byte: number): string {
  if (ESCAPES[byte]) return ESCAPES[byte];
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
