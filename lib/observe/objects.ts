/**
 * Looks at the kernel objects that a process has open or has mapped, and at how
 * full they are.
 *
 * @module
 */
import { errorCode } from "../error.ts";
import { bytesIn, close, O_PATH, open } from "../posix/file.ts";
import { namesIn, readLink, readText } from "../posix/folder.ts";
import { queueAttributes } from "../posix/mqueue.ts";
import { borrow, isMessageQueue, pipeCapacity } from "../posix/others.ts";
import { stat } from "../posix/stat.ts";
import type { Fill, ObjectSeen } from "./seen.ts";
import { connectionOf } from "./sockets.ts";

/** The objects through which the process may communicate with others. */
export function objectsOf(pid: number): ObjectSeen[] {
  return [...descriptorsOf(pid), ...mappingsOf(pid)];
}

function descriptorsOf(pid: number): ObjectSeen[] {
  return namesIn(`/proc/${pid}/fd`).flatMap((fd) => {
    const link = readLink(`/proc/${pid}/fd/${fd}`);
    const object = link === undefined ? undefined : identify(pid, fd, link);
    const access = object && accessOf(pid, fd);
    return access ? [{ ...object, fd: Number(fd), access }] : [];
  });
}

type Identity = Pick<ObjectSeen, "kind" | "id" | "name" | "boundTo">;

/** What a descriptor leads to; `undefined`: nothing to communicate through. */
function identify(
  pid: number,
  fd: string,
  link: string,
): Identity | undefined {
  if (link.startsWith("pipe:")) return { kind: "pipe", id: link };
  if (link.startsWith("socket:")) {
    return { kind: "socket", ...connectionOf(link) };
  }
  if (!link.startsWith("/") || link.startsWith("/dev/")) return undefined;
  // O_PATH: opens the place alone, and no end of the FIFO that lies there.
  const place = open(`/proc/${pid}/fd/${fd}`, O_PATH);
  if (place < 0) return undefined;
  try {
    if (isMessageQueue(place)) {
      return { kind: "message queue", id: `queue:${link}`, name: link };
    }
    const { kind } = stat(place);
    return kind === "FIFO" || kind === "file"
      ? { kind, id: `${kind}:${link}`, name: link }
      : undefined;
  } finally {
    close(place);
  }
}

/**
 * proc_pid_fdinfo(5): the flags of open(2), in octal.
 *
 * @returns `undefined`: only the place is open, and no end of an object.
 */
function accessOf(pid: number, fd: string): ObjectSeen["access"] | undefined {
  const info = readText(`/proc/${pid}/fdinfo/${fd}`) ?? "";
  const [, octal = "0"] = /^flags:\s*(\d+)/m.exec(info) ?? [];
  const flags = parseInt(octal, 8);
  if (flags & O_PATH) return undefined;
  return (["read", "write", "both"] as const)[flags & 3] ?? "both";
}

/** A shared mapping: address, mode, offset, device, inode, path. */
const MAPPING = /^\S+ (r-|-w|rw).s \S+ (\S+) (\d+) *(.*)$/gm;

/** Memory of a driver, such as io_uring's, or of SQLite's: no values in it. */
const DRIVER = /^\/dev\/(?!shm\/|zero$)|^anon_inode:/;

/** SQLite's `x.db-shm` lies beside its `x.db`. */
function isSqlite(name: string): boolean {
  if (name.startsWith("/dev/") || !name.endsWith("-shm")) return false;
  const fd = open(name.slice(0, -"-shm".length), O_PATH);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

function mappingsOf(pid: number): ObjectSeen[] {
  const maps = readText(`/proc/${pid}/maps`) ?? "";
  const found = new Map<string, ObjectSeen>(); // may be mapped twice
  for (const [, mode, device, inode, path] of maps.matchAll(MAPPING)) {
    const name = path.replace(/ \(deleted\)$/, "");
    if (DRIVER.test(name) || isSqlite(name)) continue;
    const id = `memory:${device}:${inode}`;
    const kind = /^\/dev\/shm\/sem\./.test(name)
      ? "semaphore"
      : "shared memory";
    const named = name === "" || name === "/dev/zero" ? {} : { name };
    const access = ({ "r-": "read", "-w": "write" } as const)[mode] ?? "both";
    const before = found.get(id)?.access ?? access;
    found.set(id, {
      ...{ kind, id, ...named },
      access: before === access ? access : "both",
    });
  }
  return [...found.values()];
}

/**
 * How much lies in an object, as the kernel says.
 *
 * @returns `undefined`: the kernel does not say it of memory, or to us.
 */
export function fillOf(pid: number, object: ObjectSeen): Fill | undefined {
  const { fd, kind, id } = object;
  if (fd === undefined) return undefined;
  if (kind === "socket" && !id.includes("-")) return undefined; // not connected
  const copy = borrow(pid, fd);
  if (copy < 0) return undefined; // it has ended, or is not ours to look at
  try {
    if (kind !== "message queue") {
      const capacity = pipeCapacity(copy);
      return { unit: "bytes", used: bytesIn(copy), capacity };
    }
    const { messages, capacity } = queueAttributes(copy, id);
    return { unit: "messages", used: messages, capacity };
  } catch (error) {
    // Since we looked, the process may have opened something else there.
    if (errorCode(error) === undefined) throw error;
    return undefined;
  } finally {
    close(copy);
  }
}
