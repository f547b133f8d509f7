/**
 * The two ends of a byte stream that the runtime's event loop watches, through
 * sockets of `node:net`: those write at once what the kernel takes, say what it
 * did not, and read ahead no more than 64 KiB.
 *
 * @module
 */
import type { Socket } from "node:net";
import {
  ABSENT,
  END,
  FULL,
  PENDING,
  type Receiver,
  type Sender,
} from "./channel.ts";

const CUT_OFF = new Uint8Array(0);

/** Something that may have happened, and those who wait for it. */
export class Bell {
  #rung = Promise.withResolvers<void>();

  ring(): void {
    this.#rung.resolve();
    this.#rung = Promise.withResolvers();
  }

  /** Resolves at the next ring. @throws The signal's reason, once aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#rung.promise, promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

/** Writes to a socket, and to the next one when the reader has gone. */
export class SocketSender implements Sender {
  readonly limit = Infinity;
  #socket?: Socket;
  #inFlight = false; // the kernel has not taken all of the record
  #bell = new Bell();

  /**
   * The socket to write to from now on.
   *
   * @param hears Is it two-way, so that it hears the reader go?
   */
  attach(socket: Socket, { hears }: { hears: boolean }): void {
    this.#socket = socket;
    this.#inFlight = false;
    // An error always comes with `close`, and that is what counts.
    socket.on("error", () => {});
    socket.on("close", () => this.#bell.ring());
    if (hears) socket.resume();
    this.#bell.ring();
  }

  /** Is somebody there to read? */
  get attached(): boolean {
    return this.#socket !== undefined && this.#socket.writable &&
      !this.#socket.destroyed;
  }

  offer(record: Uint8Array) {
    const socket = this.#socket;
    if (!socket || !this.attached) return ABSENT;
    if (socket.writableLength > 0) return FULL;
    if (this.#inFlight) { // offered before, and taken meanwhile
      this.#inFlight = false;
      return true;
    }
    // What the kernel does not take at once, the socket keeps.
    socket.write(record.slice(), () => this.#bell.ring());
    if (!this.attached) return ABSENT; // EPIPE
    if (socket.writableLength === 0) return true;
    this.#inFlight = true;
    return FULL;
  }

  /** Resolves when the kernel has taken what it refused, or the socket changes. */
  async writable(signal: AbortSignal) {
    if (this.attached && this.#socket?.writableLength === 0) return;
    await this.#bell.wait(signal);
  }

  [Symbol.asyncDispose]() {
    this.#socket?.destroy();
    return Promise.resolve();
  }
}

/** Reads from any number of sockets in turn, each a stream of its own. */
export class SocketReceiver implements Receiver {
  stream = 0;
  #sockets = new Map<Socket, number>();
  #ended: number[] = []; // streams whose end was not told yet
  #count = 0;
  #bell = new Bell();

  /** One more socket to read from. */
  attach(socket: Socket): void {
    const stream = ++this.#count;
    this.#sockets.set(socket, stream);
    const over = () => {
      if (this.#sockets.delete(socket)) this.#ended.push(stream);
      socket.destroy();
      this.#bell.ring();
    };
    socket.on("error", () => {}); // `close` follows
    socket.on("readable", () => this.#bell.ring());
    socket.on("end", over);
    socket.on("close", over);
  }

  poll() {
    for (const [socket, stream] of this.#sockets) {
      const bytes: Uint8Array | null = socket.read();
      if (bytes === null) continue;
      this.stream = stream;
      this.#sockets.delete(socket); // to the end of the line
      this.#sockets.set(socket, stream);
      return bytes;
    }
    const ended = this.#ended.shift();
    if (ended !== undefined) {
      this.stream = ended;
      return CUT_OFF;
    }
    return this.#count > 0 && this.#sockets.size === 0 ? END : PENDING;
  }

  async readable(signal: AbortSignal) {
    if (this.#ended.length > 0) return;
    if ([...this.#sockets.keys()].some((socket) => socket.readableLength > 0)) {
      return;
    }
    await this.#bell.wait(signal);
  }

  [Symbol.asyncDispose]() {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#sockets.clear();
    return Promise.resolve();
  }
}
