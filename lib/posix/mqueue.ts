/**
 * POSIX message queues: mq_overview(7).
 *
 * @module
 */
import { constants as os } from "node:os";
import {
  EAGAIN,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from "./file.ts";
import { readText } from "./folder.ts";
import { confirmed, cString, errno, libc, SystemError } from "./libc.ts";
import { openHint } from "./mqueue_hint.ts";

const { EINTR, ENOENT } = os.errno;
/** Errors that mean: full, or empty, at the moment. */
const NOT_NOW = [EAGAIN, EINTR];

/** Options for {@linkcode MessageQueue.open}. */
export interface QueueOptions {
  /** What the descriptor can do. @default {"both"} */
  access?: "receive" | "send" | "both";
  /** Make the queue, for us alone (0600), if it is not there. */
  create?: {
    /** Messages that it holds. */
    capacity: number;
    /** The longest message, in bytes. */
    size: number;
    /** Refuse a queue that is there already: `EEXIST`. @default {false} */
    exclusive?: boolean;
  };
  /** Never wait in the kernel, `O_NONBLOCK`. @default {true} */
  nonblocking?: boolean;
}

/** What mq_getattr(3) returns. */
export interface QueueAttributes {
  /** Messages that it holds at most. */
  capacity: number;
  /** The longest message, in bytes. */
  size: number;
  /** Messages in it now. */
  messages: number;
}

/**
 * An open message queue.
 *
 * @example
 * ```ts ignore
 * using queue = MessageQueue.open("/lab", { create: { capacity: 4, size: 64 } });
 * queue.send(new TextEncoder().encode("data"), 3);
 * queue.receive(); // the bytes; then queue.priority is 3
 * MessageQueue.unlink("/lab");
 * ```
 */
export class MessageQueue implements Disposable {
  /** The descriptor. On Linux it is a file descriptor, fit for poll(2). */
  readonly fd: number;
  /** The longest message, in bytes. */
  readonly size: number;
  readonly #name: string;
  readonly #buffer: Uint8Array;
  readonly #room: bigint; // bytes of the buffer
  readonly #priority = new Uint32Array(1);
  #open = true;

  private constructor(name: string, fd: number) {
    this.#name = name;
    this.fd = fd;
    this.size = this.attributes().size;
    // EMSGSIZE: the buffer must have room for the longest message.
    this.#buffer = new Uint8Array(this.size);
    this.#room = BigInt(this.size);
  }

  /**
   * Opens a queue, mq_open(3).
   *
   * @param name A slash and 1 to 254 other characters.
   * @throws {SystemError} `ENOENT` if there is none and `create` is not given;
   * beyond the system's limits, the message names the limit.
   */
  static open(name: string, options: QueueOptions = {}): MessageQueue {
    const { access = "both", create, nonblocking = true } = options;
    let flags = access === "both"
      ? O_RDWR
      : access === "send"
      ? O_WRONLY
      : O_RDONLY;
    if (nonblocking) flags |= O_NONBLOCK;
    if (create) flags |= O_CREAT;
    if (create?.exclusive) flags |= O_EXCL;
    // struct mq_attr: long mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs, 4 spare
    const attributes = new BigInt64Array(8);
    attributes[1] = BigInt(create?.capacity ?? 0);
    attributes[2] = BigInt(create?.size ?? 0);
    const fd = libc().mq_open(cString(name), flags, 0o600, attributes);
    if (fd >= 0) return new MessageQueue(name, fd);
    const error = errno();
    throw new SystemError(
      `mq_open ${name}`,
      error,
      openHint(error, name, create),
    );
  }

  /**
   * Removes the name, mq_unlink(3); processes that have the queue open keep it.
   *
   * @returns Was there one?
   */
  static unlink(name: string): boolean {
    if (libc().mq_unlink(cString(name)) === 0) return true;
    const error = errno();
    if (error === ENOENT) return false;
    throw new SystemError(`mq_unlink ${name}`, error);
  }

  /**
   * Puts a message in, mq_send(3), before those of lower priority.
   *
   * @param record Up to {@linkcode size} bytes.
   * @param priority 0 to 32767.
   * @returns `false`: the queue is full (`EAGAIN`), or a signal came (`EINTR`).
   */
  send(record: Uint8Array, priority = 0): boolean {
    const { mq_send } = libc();
    const call = () =>
      mq_send(this.fd, record, BigInt(record.length), priority);
    let sent = call();
    if (sent < 0) sent = confirmed(errno(), NOT_NOW, call);
    if (sent === 0) return true;
    if (NOT_NOW.includes(-sent)) return false;
    throw new SystemError(`mq_send ${this.#name}`, -sent);
  }

  /**
   * Takes the oldest message of the highest priority, mq_receive(3).
   *
   * @returns The message, valid until the next call; `undefined`: the queue is
   * empty (`EAGAIN`), or a signal came (`EINTR`).
   */
  receive(): Uint8Array | undefined {
    const { mq_receive } = libc();
    const call = () =>
      mq_receive(this.fd, this.#buffer, this.#room, this.#priority);
    let count = call();
    if (count < 0) count = confirmed(errno(), NOT_NOW, call);
    if (count >= 0) return this.#buffer.subarray(0, count);
    if (NOT_NOW.includes(-count)) return undefined;
    throw new SystemError(`mq_receive ${this.#name}`, -count);
  }

  /** The priority of the message received last. */
  get priority(): number {
    return this.#priority[0];
  }

  /** How many messages it holds, and may hold. */
  attributes(): QueueAttributes {
    return queueAttributes(this.fd, this.#name);
  }

  /**
   * How many bytes all its messages have together: mq_overview(7), `QSIZE`.
   * `undefined`: /proc is not mounted.
   */
  get bytes(): number | undefined {
    const text = readText(`/proc/self/fd/${this.fd}`);
    const [, bytes] = /^QSIZE:(\d+)/.exec(text ?? "") ?? [];
    return bytes === undefined ? undefined : Number(bytes);
  }

  /** Closes our end; the queue and what is in it stay. */
  close(): void {
    if (this.#open) libc().close(this.fd);
    this.#open = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * How many messages an open queue holds, and may hold: mq_getattr(3).
 *
 * @param name For the error.
 * @throws {SystemError} If the descriptor is not a queue's.
 */
export function queueAttributes(fd: number, name: string): QueueAttributes {
  const attributes = new BigInt64Array(8);
  if (libc().mq_getattr(fd, attributes) < 0) {
    throw new SystemError(`mq_getattr ${name}`, errno());
  }
  const [, capacity, size, messages] = Array.from(attributes, Number);
  return { capacity, size, messages };
}
