/**
 * Reads small files, links and folders by the C library: Deno's own calls need
 * all permissions for /proc. What cannot be read is `undefined`: a process that
 * is looked at may end at any moment.
 *
 * @module
 */
import {
  close,
  O_DIRECTORY,
  O_NONBLOCK,
  O_RDONLY,
  open,
  read,
} from "./file.ts";
import { cString, libc } from "./libc.ts";

const piece = new Uint8Array(65_536);
const decoder = new TextDecoder();

/** The whole text of a file. */
export function readText(path: string): string | undefined {
  const fd = open(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return undefined;
  try {
    let text = "";
    for (;;) {
      const count = read(fd, piece);
      if (count < 0) return undefined; // ESRCH: the process has ended
      if (count === 0) return text;
      text += decoder.decode(piece.subarray(0, count));
    }
  } finally {
    close(fd);
  }
}

/** Where a symbolic link leads, readlink(2). */
export function readLink(path: string): string | undefined {
  const count = libc().readlink(cString(path), piece, BigInt(piece.length));
  return count < 0 ? undefined : decoder.decode(piece.subarray(0, count));
}

/** The names in a folder, without `.` and `..`: getdents64(2). */
export function namesIn(path: string): string[] {
  const fd = open(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return [];
  const names: string[] = [];
  const view = new DataView(piece.buffer);
  try {
    for (;;) {
      const count = libc().getdents64(fd, piece, BigInt(piece.length));
      if (count <= 0) break;
      // struct linux_dirent64: the length at 16, the name from 19 on.
      for (let at = 0; at < count; at += view.getUint16(at + 16, true)) {
        const end = piece.indexOf(0, at + 19);
        names.push(decoder.decode(piece.subarray(at + 19, end)));
      }
    }
  } finally {
    close(fd);
  }
  return names.filter((name) => name !== "." && name !== "..");
}
