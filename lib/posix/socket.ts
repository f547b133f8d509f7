/**
 * Unix-domain stream sockets: unix(7). All of them are made with
 * `SOCK_NONBLOCK`: no call waits.
 *
 * @module
 */
import { constants as os } from "node:os";
import { close, EAGAIN, EINTR, ENOENT, O_CLOEXEC, O_NONBLOCK } from "./file.ts";
import { errno, libc, SystemError } from "./libc.ts";

const { EADDRINUSE, ECONNABORTED, ECONNREFUSED } = os.errno;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const FLAGS = O_NONBLOCK | O_CLOEXEC; // SOCK_NONBLOCK and SOCK_CLOEXEC are these
const BACKLOG = 512; // connections that wait to be let in
const PATH_BYTES = 108; // of sun_path, its NUL included

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

/** Makes a socket and calls something with it; `undefined`: an error that is expected. */
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
 * @returns A descriptor; `undefined`: nobody listens there.
 * @throws {SystemError} `EAGAIN` where too many wait to be let in.
 */
export function connectTo(path: string): number | undefined {
  const address = addressOf(path);
  return withSocket(
    `connect to ${path}`,
    (fd) => libc().connect(fd, address, address.length),
    // Nobody has come yet; or one was killed, and left the name.
    [ENOENT, ECONNREFUSED],
  );
}

/**
 * Makes the name, for our user alone, and listens there: bind(2), listen(2).
 *
 * @returns A descriptor; `undefined`: something is there already.
 */
export function listenAt(path: string): number | undefined {
  const address = addressOf(path);
  const { bind, listen, umask } = libc();
  return withSocket(
    `listen at ${path}`,
    (fd) => {
      const before = umask(0o177); // bind(2) makes it with what is left: 0600
      const bound = bind(fd, address, address.length);
      umask(before); // never fails, so errno stays
      return bound || listen(fd, BACKLOG);
    },
    [EADDRINUSE],
  );
}

/**
 * Lets in the next who wants to connect, accept(2).
 *
 * @returns A descriptor; `undefined`: nobody does.
 */
export function accept(listener: number): number | undefined {
  const fd = libc().accept4(listener, null, null, FLAGS);
  if (fd >= 0) return fd;
  const error = errno();
  if ([EAGAIN, ECONNABORTED, EINTR].includes(error)) return undefined;
  throw new SystemError("accept a connection", error);
}
