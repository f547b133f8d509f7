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
/** So long for TCP: on some machines to list it takes 40 ms of processor time. */
const TCP_FRESH_MS = 200;

let peers = new Map<number, number>();
/** Every Unix socket, and its path or "". */
let paths = new Map<number, string>();
let readAt = -Infinity;
/** Of TCP; the other end may be on another machine. */
let ports = new Map<number, string>();
let tcpPeers = new Map<number, number>();
let tcpReadAt = -Infinity;

function refresh(inode: number): void {
  if (performance.now() - readAt >= FRESH_MS) {
    peers = socketPeers();
    paths = new Map();
    const [, ...rows] = (readText("/proc/net/unix") ?? "").split("\n");
    for (const row of rows) {
      const [, unix, path = ""] = /^(?:\S+ +){6}(\d+)(?: (.*))?$/.exec(row) ??
        [];
      if (unix !== undefined) paths.set(Number(unix), path);
    }
    readAt = performance.now();
  }
  // A connection stays what it is until it is closed.
  if (paths.has(inode) || tcpPeers.has(inode)) return;
  if (performance.now() - tcpReadAt < TCP_FRESH_MS) return;
  ports = new Map();
  tcpPeers = new Map();
  for (const table of ["tcp", "tcp6"]) readTcp(table);
  tcpReadAt = performance.now();
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
    if (other !== undefined) tcpPeers.set(inode, other).set(other, inode);
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
  const inode = Number(link.slice("socket:[".length, -1));
  refresh(inode);
  // Until the server accepts a connection, its end there has the inode 0, as
  // all such ends on the machine.
  const peer = peers.get(inode) || tcpPeers.get(inode);
  const name = ports.get(inode);
  if (peer === undefined) {
    const boundTo = paths.get(inode); // it listens, and joins nothing yet
    return { id: link, ...name && { name }, ...boundTo && { boundTo } };
  }
  const id = `socket:[${Math.min(inode, peer)}]-[${Math.max(inode, peer)}]`;
  const path = name || paths.get(inode) || paths.get(peer);
  return !path ? { id } : { id, name: path };
}
