/**
 * The two ends of a byte stream on a file descriptor with `O_NONBLOCK`.
 *
 * @module
 */
import {
  ABSENT,
  END,
  FULL,
  PENDING,
  type Receiver,
  type Sender,
  type Unread,
} from "../channel/mod.ts";
import {
  bytesIn,
  close,
  EAGAIN,
  ECONNRESET,
  EINTR,
  EPIPE,
  read,
  write,
} from "../posix/file.ts";
import { SystemError } from "../posix/libc.ts";
import { pollFd, POLLIN, waitFd } from "../posix/poll.ts";

const CAPACITY_BYTES = 65_536; // pipe(7), "Pipe capacity"

/** Writes to one descriptor. */
export class StreamSender implements Sender, Disposable {
  /** `undefined`: no receiver has the other end open. */
  protected fd?: number;
  #written = 0; // bytes of a record that is half written

  constructor(fd?: number) {
    this.fd = fd;
  }

  get limit(): number {
    return Infinity;
  }

  offer(record: Uint8Array): true | typeof FULL | typeof ABSENT {
    while (this.fd !== undefined) {
      const count = write(this.fd, record, this.#written);
      if (count >= 0) {
        this.#written += count;
        if (this.#written < record.length) continue;
        this.#written = 0;
        return true;
      }
      if (count === -EAGAIN) return FULL;
      if (count === -EPIPE || count === -ECONNRESET) this.detach();
      else if (count !== -EINTR) throw new SystemError("write", -count);
    }
    return ABSENT;
  }

  writable(signal: AbortSignal): Promise<void> | undefined {
    if (this.fd !== undefined) return waitFd(this.fd, "writable", signal);
  }

  /** The receiver has gone. The next one gets the record from its start. */
  protected detach(): void {
    if (this.fd !== undefined) close(this.fd);
    this.fd = undefined;
    this.#written = 0;
  }

  [Symbol.dispose](): void {
    this.detach();
  }
}

/** Reads from a descriptor into a buffer of its own. */
export class StreamReader {
  #buffer = new Uint8Array(CAPACITY_BYTES);
  #view = this.#buffer;
  #emptied = false; // did the last call take all that was there?

  /** @returns Bytes, valid until the next call, or why there are none. */
  read(fd: number): Uint8Array | typeof END | typeof PENDING {
    // A writer would have to wait for read(2), which locks the pipe even if it
    // is empty. poll(2) does not.
    const asks = this.#emptied;
    this.#emptied = false;
    if (asks && pollFd(fd, POLLIN, 0) === 0) return PENDING;
    const count = read(fd, this.#buffer);
    if (count > 0) {
      this.#emptied = count < this.#buffer.length;
      // A new view costs half a system call, and the last one often fits.
      if (count !== this.#view.length) {
        this.#view = this.#buffer.subarray(0, count);
      }
      return this.#view;
    }
    if (count === 0 || count === -ECONNRESET) return END;
    if (count === -EAGAIN || count === -EINTR) return PENDING;
    throw new SystemError("read", -count);
  }
}

/** Reads one stream to its end. */
export class StreamReceiver implements Receiver, Disposable {
  #fd: number;
  #reader = new StreamReader();

  constructor(fd: number) {
    this.#fd = fd;
  }

  poll(): Uint8Array | typeof END | typeof PENDING {
    return this.#reader.read(this.#fd);
  }

  readable(signal: AbortSignal): Promise<void> | undefined {
    return waitFd(this.#fd, "readable", signal);
  }

  unread(): Unread {
    return { bytes: bytesIn(this.#fd) };
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
