/**
 * Tells which Unix-domain sockets are connected to each other, sock_diag(7):
 * /proc/net/unix does not say it.
 *
 * @module
 */
import { close } from "./file.ts";
import { libc } from "./libc.ts";

const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_DONE = 3;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST_DUMP = 0x301;
const UDIAG_SHOW_PEER = 4;
const UNIX_DIAG_PEER = 2;
const HEADER_BYTES = 16; // struct nlmsghdr
const MESSAGE_BYTES = 16; // struct unix_diag_msg

/** struct nlmsghdr and struct unix_diag_req: all sockets, with their peers. */
function request(): Uint8Array<ArrayBuffer> {
  const data = new DataView(new ArrayBuffer(HEADER_BYTES + 24));
  data.setUint32(0, data.byteLength, true);
  data.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  data.setUint16(6, NLM_F_REQUEST_DUMP, true);
  data.setUint8(16, AF_UNIX);
  data.setUint32(20, 0xffff_ffff, true); // in any state
  data.setUint32(28, UDIAG_SHOW_PEER, true);
  return new Uint8Array(data.buffer);
}

/**
 * The inode of each connected socket's peer, by the socket's own inode; empty
 * where the kernel does not tell.
 */
export function socketPeers(): Map<number, number> {
  const peers = new Map<number, number>();
  const fd = libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return peers;
  const buffer = new Uint8Array(65_536);
  try {
    const asked = request();
    let more = libc().send(fd, asked, BigInt(asked.length), 0) > 0;
    while (more) {
      const count = libc().recv(fd, buffer, BigInt(buffer.length), 0);
      more = count > 0 &&
        readAnswers(new DataView(buffer.buffer, 0, count), peers);
    }
  } finally {
    close(fd);
  }
  return peers;
}

/** Reads the messages of one answer. @returns Do more answers follow? */
function readAnswers(data: DataView, peers: Map<number, number>): boolean {
  for (let at = 0; at + HEADER_BYTES <= data.byteLength;) {
    const length = data.getUint32(at, true);
    const type = data.getUint16(at + 4, true);
    if (type === NLMSG_DONE || type === NLMSG_ERROR || length === 0) {
      return false;
    }
    const inode = data.getUint32(at + HEADER_BYTES + 4, true);
    // Attributes follow: a length and a type, 2 bytes each, and the value.
    let attribute = at + HEADER_BYTES + MESSAGE_BYTES;
    while (attribute + 4 <= at + length) {
      if (data.getUint16(attribute + 2, true) === UNIX_DIAG_PEER) {
        peers.set(inode, data.getUint32(attribute + 4, true));
      }
      attribute += Math.max(4, (data.getUint16(attribute, true) + 3) & ~3);
    }
    at += (length + 3) & ~3;
  }
  return true;
}
