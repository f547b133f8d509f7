/**
 * Tells which sockets are the two ends of one connection.
 *
 * @module
 */
import { readText } from "../posix/folder.ts";
import { socketPeers } from "../posix/socket_diag.ts";
import type { ObjectSeen } from "./seen.ts";

/** How long (ms) what the kernel told is used again: it lists all sockets. */
const FRESH_MS = 20;

let peers = new Map<number, number>();
let paths = new Map<number, string>();
/** Of TCP; the other end may be on another machine. */
let ports = new Map<number, string>();
let readAt = -Infinity;

function refresh(): void {
  if (performance.now() - readAt < FRESH_MS) return;
  peers = socketPeers();
  paths = new Map();
  ports = new Map();
  for (const table of ["tcp", "tcp6"]) readTcp(table);
  for (const line of (readText("/proc/net/unix") ?? "").split("\n").slice(1)) {
    const [inode, path] = line.trim().split(/ +/).slice(6);
    if (path !== undefined) paths.set(Number(inode), path);
  }
  readAt = performance.now();
}

/** proc_net_tcp(5): a connection within this machine is there twice. */
function readTcp(table: string): void {
  const ends = new Map<string, number>();
  const [, ...rows] = (readText(`/proc/net/${table}`) ?? "").trim().split("\n");
  const sockets = rows.map((row) => {
    const [, local, remote, state, , , , , , inode] = row.trim().split(/ +/);
    return { local, remote, state, inode: Number(inode) };
  });
  const portOf = (address: string) => parseInt(address.split(":")[1], 16);
  const listening = new Set(
    sockets.filter(({ state }) => state === LISTEN)
      .map(({ local }) => portOf(local)),
  );
  for (const { local, remote, state, inode } of sockets) {
    if (state === LISTEN || inode === 0) continue;
    const other = ends.get(`${remote} ${local}`);
    if (other !== undefined) peers.set(inode, other).set(other, inode);
    ends.set(`${local} ${remote}`, inode);
    const port = listening.has(portOf(local)) ? portOf(local) : portOf(remote);
    ports.set(inode, `TCP port ${port}`);
  }
}

const LISTEN = "0A"; // TCP_LISTEN

/**
 * The connection that a socket belongs to: both ends have the same `id`. Its name
 * is where the server listens.
 *
 * @param link Such as `socket:[4711]`.
 */
export function connectionOf(
  link: string,
): Pick<ObjectSeen, "id" | "name" | "boundTo"> {
  refresh();
  const inode = Number(link.slice("socket:[".length, -1));
  const peer = peers.get(inode);
  const name = ports.get(inode);
  if (peer === undefined) {
    const boundTo = paths.get(inode); // it listens, and joins nothing yet
    return { id: link, ...name && { name }, ...boundTo && { boundTo } };
  }
  const id = `socket:[${Math.min(inode, peer)}]-[${Math.max(inode, peer)}]`;
  const path = name ?? paths.get(inode) ?? paths.get(peer);
  return path === undefined ? { id } : { id, name: path };
}
