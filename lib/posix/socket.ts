/**
 * Unix-domain stream sockets: unix(7). All are made with `SOCK_NONBLOCK`, so no
 * call waits.
 *
 * @module
 */
import { constants as os } from "node:os";
import { ABSENT, FULL } from "../channel/mod.ts";
import { close, EAGAIN, EINTR, ENOENT, O_CLOEXEC, O_NONBLOCK } from "./file.ts";
import { confirmed, errno, libc, SystemError } from "./libc.ts";

const { EADDRINUSE, ECONNABORTED, ECONNREFUSED } = os.errno;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const FLAGS = O_NONBLOCK | O_CLOEXEC; // SOCK_NONBLOCK and SOCK_CLOEXEC are these
const BACKLOG = 512; // connections that wait to be accepted
const PATH_BYTES = 108; // the size of sun_path, with its NUL

/** struct sockaddr_un: the family, 2 bytes, and the path. */
function addressOf(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  if (name.length >= PATH_BYTES || name.includes(0)) {
    throw new RangeError(
      `Cannot use ${path} as a socket's path: it must have fewer than ${PATH_BYTES} bytes`,
    );
  }
  const address = new Uint8Array(2 + PATH_BYTES);
  new Uint16Array(address.buffer)[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

/** Makes a socket and calls `call` with it; `undefined`: an expected error. */
function withSocket(
  action: string,
  call: (fd: number) => number,
  expected: number[],
): number | undefined {
  const fd = libc().socket(AF_UNIX, SOCK_STREAM | FLAGS, 0);
  if (fd < 0) throw new SystemError("make a socket", errno());
  if (call(fd) === 0) return fd;
  const error = errno();
  close(fd);
  if (expected.includes(error)) return undefined;
  throw new SystemError(action, error);
}

/**
 * Connects, connect(2).
 *
 * @returns A descriptor; `ABSENT`: no process listens there; `FULL`: too many
 * connections wait to be accepted.
 */
export function connectTo(path: string): number | typeof ABSENT | typeof FULL {
  const address = addressOf(path);
  let error = 0;
  const fd = withSocket(
    `connect to ${path}`,
    (fd) => {
      const result = libc().connect(fd, address, address.length);
      error = errno();
      return result;
    },
    // No listener yet; or a killed listener has left its name behind.
    [ENOENT, ECONNREFUSED, EAGAIN],
  );
  return fd ?? (error === EAGAIN ? FULL : ABSENT);
}

/**
 * Makes the name, for our user alone, and listens at it: bind(2), listen(2).
 *
 * @returns A descriptor; `undefined`: the name exists already.
 */
export function listenAt(path: string): number | undefined {
  const address = addressOf(path);
  const { bind, listen, umask } = libc();
  return withSocket(
    `listen at ${path}`,
    (fd) => {
      const before = umask(0o177); // so bind(2) makes the name with 0600
      const bound = bind(fd, address, address.length);
      umask(before); // never fails, so errno stays
      return bound || listen(fd, BACKLOG);
    },
    [EADDRINUSE],
  );
}

/**
 * Accepts the next connection, accept(2).
 *
 * @returns A descriptor; `undefined`: no connection waits.
 */
export function accept(listener: number): number | undefined {
  const call = () => libc().accept4(listener, null, null, FLAGS);
  const none = [EAGAIN, ECONNABORTED, EINTR];
  let fd = call();
  if (fd < 0) fd = confirmed(errno(), none, call);
  if (fd >= 0) return fd;
  if (none.includes(-fd)) return undefined;
  throw new SystemError("accept a connection", -fd);
}
