/**
 * The two ends of a byte stream that the runtime's event loop watches, through
 * sockets of `node:net`: those write at once what the kernel takes, say what it
 * did not, and read ahead no more than 64 KiB.
 *
 * @module
 */
import type { Socket } from "node:net";
import { Bell } from "../bell.ts";
import {
  ABSENT,
  END,
  FULL,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel.ts";

const CUT_OFF = new Uint8Array(0);

/** Writes to a socket. */
export class SocketSender implements Sender {
  readonly limit = Infinity;
  #socket: Socket;
  #inFlight = false; // the kernel has not taken all of the record
  #bell = new Bell();

  /** @param hears Is it two-way, so that it hears the reader go? */
  constructor(socket: Socket, { hears }: { hears: boolean }) {
    this.#socket = socket;
    // An error always comes with `close`, and that is what counts.
    socket.on("error", () => {});
    socket.on("close", () => this.#bell.ring());
    if (hears) socket.resume();
  }

  /** Is somebody there to read? */
  get #attached(): boolean {
    return this.#socket.writable && !this.#socket.destroyed;
  }

  offer(record: Uint8Array) {
    const socket = this.#socket;
    if (!this.#attached) return ABSENT;
    if (socket.writableLength > 0) return FULL;
    if (this.#inFlight) { // offered before, and taken meanwhile
      this.#inFlight = false;
      return true;
    }
    // What the kernel does not take at once, the socket keeps.
    socket.write(record.slice(), () => this.#bell.ring());
    if (!this.#attached) return ABSENT; // EPIPE
    if (socket.writableLength === 0) return true;
    this.#inFlight = true;
    return FULL;
  }

  /** Resolves when the kernel has taken what it refused, or the socket changes. */
  async writable(signal: AbortSignal) {
    if (!this.#attached || this.#socket.writableLength === 0) return;
    await this.#bell.wait(signal);
  }

  [Symbol.asyncDispose]() {
    this.#socket.destroy();
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
