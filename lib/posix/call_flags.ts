/**
 * The names of the numbers that calls take: flags, commands and operations.
 *
 * @module
 */
import {
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
} from "./file.ts";

/** `A|B`, and in hexadecimal what has no name; `none` stands for 0. */
function bits(
  names: readonly (readonly [string, number])[],
  none = "0",
): (value: number) => string {
  return (value) => {
    const words: string[] = [];
    let left = value;
    for (const [name, bit] of names) {
      if ((left & bit) !== bit) continue;
      words.push(name);
      left &= ~bit;
    }
    if (left !== 0) words.push(`0x${left.toString(16)}`);
    return words.join("|") || none;
  };
}

/** The name of a number. */
function oneOf(names: Record<number, string>): (value: number) => string {
  return (value) => names[value] ?? String(value);
}

const MODES = ["O_RDONLY", "O_WRONLY", "O_RDWR"];
const open = bits([
  ["O_CREAT", O_CREAT],
  ["O_EXCL", O_EXCL],
  ["O_NONBLOCK", O_NONBLOCK],
  ["O_DIRECTORY", O_DIRECTORY],
  ["O_NOFOLLOW", O_NOFOLLOW],
  ["O_CLOEXEC", O_CLOEXEC],
  ["O_PATH", O_PATH],
], "");

/** The flags of open(2): the way in comes first. */
export function openFlags(value: number): string {
  const others = open(value & ~3);
  return MODES[value & 3] + (others && `|${others}`);
}

/** The type of a socket, socket(2), and what accept4(2) takes. */
export const socketFlags = bits([
  ["SOCK_STREAM", 1],
  ["SOCK_NONBLOCK", O_NONBLOCK],
  ["SOCK_CLOEXEC", O_CLOEXEC],
]);

/** The events of poll(2). */
export const pollEvents = bits([
  ["POLLIN", 0x01],
  ["POLLOUT", 0x04],
  ["POLLERR", 0x08],
  ["POLLHUP", 0x10],
  ["POLLNVAL", 0x20],
]);

/** The commands of fcntl(2). */
export const fcntlCommand = oneOf({
  3: "F_GETFL",
  4: "F_SETFL",
  36: "F_OFD_GETLK",
  37: "F_OFD_SETLK",
});

/** The type of a lock, fcntl(2). */
export const lockType = oneOf({ 0: "F_RDLCK", 1: "F_WRLCK", 2: "F_UNLCK" });

/** The operation of flock(2). */
export const lockOperation = bits([
  ["LOCK_EX", 2],
  ["LOCK_NB", 4],
  ["LOCK_UN", 8],
]);

/** The operation of futex(2). */
export const futexOperation = oneOf({ 0: "FUTEX_WAIT", 1: "FUTEX_WAKE" });

/** What may be done with mapped memory, mmap(2). */
export const protection = bits([
  ["PROT_READ", 1],
  ["PROT_WRITE", 2],
], "PROT_NONE");

/** How memory is mapped, mmap(2). */
export const mapFlags = bits([["MAP_SHARED", 1]]);

/** What inotify(7) is to tell. */
export const inotifyEvents = bits([
  ["IN_MOVED_TO", 0x080],
  ["IN_CREATE", 0x100],
]);

/** The flags of statx(2). */
export const atFlags = bits([["AT_EMPTY_PATH", 0x1000]]);

/** Permission bits: `0600`. */
export function octal(value: number): string {
  return value === 0 ? "0" : `0${value.toString(8)}`;
}
