/**
 * Checks an address before it becomes a path, or a name that the kernel knows.
 *
 * @module
 */
import { type Address, NAME } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { libc } from "../posix/libc.ts";
import type { Stat } from "../posix/stat.ts";

/**
 * The channel's name, which becomes part of a path.
 *
 * @throws {TypeError} If there is no name, or it could lead to another folder.
 */
export function channelName({ name }: Address): string {
  if (name === undefined) {
    throw new TypeError("Cannot open a channel without a name or a path");
  }
  if (NAME.test(name)) return name;
  throw new TypeError(
    `Cannot use '${name}' as a channel's name: it must match ${NAME}`,
  );
}

/**
 * The path that the caller has chosen for a FIFO or a socket.
 *
 * @returns `undefined`: the address has none.
 * @throws {TypeError} If the path does not end with the name of a file.
 */
export function ownFile({ path }: Address): string | undefined {
  if (path === undefined) return undefined;
  const file = /[^/]*$/.exec(path)?.[0] ?? "";
  if (!["", ".", ".."].includes(file) && !path.includes("\0")) return path;
  throw new TypeError(
    `Cannot use '${path}' as a path: it must end with the name of a file`,
  );
}

/**
 * The name that the caller has chosen for a queue or a segment: mq_overview(7).
 *
 * @returns `undefined`: the address has none.
 * @throws {TypeError} If the kernel cannot use the name.
 */
export function ownObject({ path }: Address): string | undefined {
  if (path === undefined || /^\/(?!\.{1,2}$)[^/\0]{1,254}$/.test(path)) {
    return path;
  }
  throw new TypeError(
    `Cannot use '${path}' as a name: it must be a slash and 1 to 254 other characters`,
  );
}

/**
 * Refuses a queue or a segment of another user.
 *
 * @param action What we want to do with it.
 * @throws {LabError} If it belongs to another user.
 */
export function checkOwner(
  object: string,
  { uid }: Stat,
  action: "use" | "remove",
): void {
  const user = libc().geteuid();
  if (uid === user) return;
  const advice = action === "use" ? ": choose another --name" : "";
  throw new LabError(
    `Cannot ${action} ${object} as it belongs to user ${uid} and we are user ${user}${advice}`,
  );
}

/** How to remove a queue or a segment, in words. */
export function removeHint(
  via: string,
  { path, name, server }: Pick<Address, "path" | "name"> & { server?: string },
): string {
  if (path !== undefined) return "remove it"; // its program knows how
  const flag = name === "lab" ? "" : ` --name=${name}`; // lab: without a --name
  const at = server === undefined ? "" : ` --server=${server}`;
  return `remove it: deno task remove --via=${via}${flag}${at}`;
}

/**
 * Refuses a queue or a segment that is not for our user alone.
 *
 * @throws {LabError} If it belongs to another user, or is open to others.
 */
export function checkUse(
  via: string,
  object: string,
  found: Stat,
  address: Address,
): void {
  checkOwner(object, found, "use");
  if (found.ours) return;
  throw new LabError(
    `Cannot use ${object} as other users may open it: choose another --name, or ${
      removeHint(via, address)
    }`,
  );
}

/** The folder that a file lies in. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end) || "/";
}

/** The file's name in its folder. */
export function fileOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The name of an object that was removed, and what was lost with it. */
export function removedWith(object: string, messages: number): string {
  const were = messages === 1 ? "message was" : "messages were";
  return `${object} (${messages} ${were} in it)`;
}
