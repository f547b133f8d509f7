/**
 * Starts peers (`peer.ts`), in processes or workers as the mechanism has it.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address, Mechanism } from "../lib/channel.ts";
import type { Order, PeerStart, Reply } from "./peer.ts";
import { freshName } from "./scripts.ts";

const SCRIPT = new URL("./peer.ts", import.meta.url);

/** One end of a channel, elsewhere. */
export class Peer {
  readonly #connection: Deno.TcpConn;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #end: () => Promise<void>;
  readonly pid: number;
  /** The longest record that a sender takes, in bytes. */
  limit = Infinity;

  constructor(
    connection: Deno.TcpConn,
    lines: ReadableStreamDefaultReader<string>,
    pid: number,
    end: () => Promise<void>,
  ) {
    this.#connection = connection;
    this.#lines = lines;
    this.pid = pid;
    this.#end = end;
  }

  /** Gives an order; the answer comes later. */
  async ask(order: Order): Promise<Reply> {
    const bytes = new TextEncoder().encode(JSON.stringify(order) + "\n");
    await this.#connection.write(bytes);
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("The peer is gone");
    return JSON.parse(value);
  }

  /** The same, where an error is not expected. */
  async do(order: Order): Promise<Reply> {
    const reply = await this.ask(order);
    if (reply.error) throw new Error(`${order.do}: ${reply.error}`);
    return reply;
  }

  /** Ends the peer, as kill -9 does where it is a process. */
  async end(): Promise<void> {
    await this.#end();
    await this.#lines.cancel();
  }
}

/** Options for {@linkcode Channel}. */
export interface ChannelOptions {
  capacity?: number;
  name?: string;
  /** May its processes call foreign functions? @default {true} */
  ffi?: boolean;
}

/** A channel of its own, and the peers at its ends. */
export class Channel implements AsyncDisposable {
  readonly mechanism: Mechanism;
  readonly address: Address;
  readonly #peers: Peer[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #ffi: boolean;
  #pipe?: Deno.ChildProcess; // whose standard input is the pipe

  constructor(
    mechanism: Mechanism,
    { capacity, name = freshName(), ffi = true }: ChannelOptions = {},
  ) {
    this.mechanism = mechanism;
    this.address = { name, capacity };
    this.#ffi = ffi;
  }

  async receiver(): Promise<Peer> {
    const peer = await this.#start("receiver");
    await peer.do({ do: "open", role: "receiver" });
    return peer;
  }

  async sender(from = "sender"): Promise<Peer> {
    const peer = await this.#start(from);
    const { limit } = await peer.do({ do: "open", role: "sender" });
    if (typeof limit === "number") peer.limit = limit; // JSON knows no Infinity
    return peer;
  }

  async #start(from: string): Promise<Peer> {
    const { allocate } = await this.mechanism.load();
    this.address.memory ??= allocate?.(this.address);
    const { port } = this.#listener.addr as Deno.NetAddr;
    const start: PeerStart = {
      port,
      via: this.mechanism.name,
      address: this.address,
      from,
    };
    const end = this.mechanism.properties.processes === "one"
      ? this.#startWorker(start)
      : this.#startProcess(start);
    const connection = await this.#listener.accept() as Deno.TcpConn;
    const lines = connection.readable
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    const { value = "{}" } = await lines.read();
    const peer = new Peer(connection, lines, JSON.parse(value).pid, end);
    this.#peers.push(peer);
    return peer;
  }

  #startWorker(start: PeerStart): () => Promise<void> {
    const worker = new Worker(SCRIPT, { type: "module" });
    worker.postMessage(start);
    return () => Promise.resolve(worker.terminate());
  }

  #startProcess(start: PeerStart): () => Promise<void> {
    const deno = Deno.execPath();
    const permissions = this.#ffi ? ["-A"] : ["-A", "--deny-ffi"];
    const args = [
      "run",
      ...permissions,
      SCRIPT.pathname,
      JSON.stringify(start),
    ];
    const piped = this.mechanism.properties.openedBy === "parent";
    const receiving = start.from === "receiver";
    const child = piped && !receiving && this.#pipe
      ? new Deno.Command("sh", {
        args: [
          "-c",
          'exec "$@" > "/proc/$0/fd/0"',
          `${this.#pipe.pid}`,
          deno,
          ...args,
        ],
      }).spawn()
      : new Deno.Command(deno, {
        args,
        stdin: piped && receiving ? "piped" : "null",
      }).spawn();
    if (piped && receiving) this.#pipe = child;
    return async () => {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended
      }
      await child.status;
    };
  }

  /** The parent lets go of the pipe: from now on its senders alone hold it. */
  async letGo(): Promise<void> {
    await this.#pipe?.stdin.close();
  }

  /** Ends all the peers, and removes nothing. */
  async end(): Promise<void> {
    for (const peer of this.#peers.splice(0)) await peer.end();
  }

  async [Symbol.asyncDispose]() {
    await this.end();
    this.#listener.close();
    const { remove } = await this.mechanism.load();
    await remove(this.address);
  }
}
