/**
 * Starts peers (`peer.ts`), in processes or workers, as the mechanism needs.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Mechanism, NamedAddress } from "../../lib/channel/mod.ts";
import type { Order, PeerStart, Reply, Role } from "./peer.ts";
import { freshName } from "../scripts.ts";
import { serverEnv } from "../test_server.ts";

const SCRIPT = new URL("./peer.ts", import.meta.url);

/** One end of a channel, in another process or worker. */
export class Peer {
  readonly #connection: Deno.TcpConn;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #end: () => Promise<void>;
  /** Answers that are missing, or that were not expected. */
  #doubts = 0;
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

  /** Sends an order; the answer comes later. */
  async ask(order: Order): Promise<Reply> {
    this.#doubts++;
    const bytes = new TextEncoder().encode(JSON.stringify(order) + "\n");
    await this.#connection.write(bytes);
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("The peer is gone");
    this.#doubts--;
    return JSON.parse(value);
  }

  /** The same, if no error is expected. */
  async do(order: Order): Promise<Reply> {
    const reply = await this.ask(order);
    if (reply.error) {
      this.#doubts++;
      throw new Error(`${order.do}: ${reply.error}`);
    }
    return reply;
  }

  /** Closes its ends. @returns Can it serve another channel? */
  async retire(): Promise<boolean> {
    if (this.#doubts > 0) return false;
    const error = await this.ask({ do: "close" })
      .then((reply) => reply.error, (gone) => gone);
    return error === undefined;
  }

  /** Ends the peer, with kill -9 if it is a process. */
  async end(): Promise<void> {
    this.#doubts++;
    await this.#end();
    await this.#lines.cancel();
  }
}

/** Processes that serve one channel after the other, as a start takes long. */
export class Pool implements AsyncDisposable {
  readonly #idle: Peer[] = [];

  take(): Peer | undefined {
    return this.#idle.shift();
  }

  /** Takes back peers that can serve another channel, and ends the others. */
  async give(peer: Peer): Promise<void> {
    if (await peer.retire()) this.#idle.push(peer);
    else await peer.end();
  }

  async [Symbol.asyncDispose]() {
    for (const peer of this.#idle.splice(0)) await peer.end();
  }
}

/** Options for {@linkcode Channel}. */
export interface ChannelOptions {
  capacity?: number;
  name?: string;
  /** Lends its processes; without a pool, they end with the channel. */
  pool?: Pool;
}

/** A new channel, and the peers at its ends. */
export class Channel implements AsyncDisposable {
  readonly mechanism: Mechanism;
  readonly address: NamedAddress;
  readonly #peers: Peer[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #pool?: Pool;
  #pipe?: Deno.ChildProcess; // its standard input is the pipe

  constructor(
    mechanism: Mechanism,
    { capacity, name = freshName(), pool }: ChannelOptions = {},
  ) {
    this.mechanism = mechanism;
    this.address = { name, capacity };
    // A channel without a name must be given to a peer at its start.
    if (mechanism.properties.openedBy === "name") this.#pool = pool;
  }

  async receiver(): Promise<Peer> {
    const peer = await this.#start("receiver");
    await this.open(peer, "receiver");
    return peer;
  }

  async sender(from = "sender"): Promise<Peer> {
    const peer = await this.#start("sender");
    const { limit } = await this.open(peer, "sender", from);
    peer.limit = typeof limit === "number" ? limit : Infinity; // JSON has no Infinity
    return peer;
  }

  /** Lets a peer open an end; `from` is its name in the messages it sends. */
  open(peer: Peer, role: Role, from: string = role): Promise<Reply> {
    const { mechanism: { name: via }, address } = this;
    return peer.do({ do: "open", role, via, address, from });
  }

  async #start(role: Role): Promise<Peer> {
    const peer = this.#pool?.take() ?? await this.#startNew(role);
    this.#peers.push(peer);
    return peer;
  }

  async #startNew(role: Role): Promise<Peer> {
    const { allocate } = await this.mechanism.load();
    this.address.memory ??= allocate?.(this.address);
    const { port } = this.#listener.addr as Deno.NetAddr;
    const end = this.mechanism.properties.processes === "one"
      ? this.#startWorker({ port, memory: this.address.memory })
      : this.#startProcess({ port }, role);
    const connection = await this.#listener.accept() as Deno.TcpConn;
    const lines = connection.readable
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    const { value = "{}" } = await lines.read();
    return new Peer(connection, lines, JSON.parse(value).pid, end);
  }

  #startWorker(start: PeerStart): () => Promise<void> {
    const worker = new Worker(SCRIPT, { type: "module" });
    worker.postMessage(start);
    return () => Promise.resolve(worker.terminate());
  }

  #startProcess(start: PeerStart, role: Role): () => Promise<void> {
    const deno = Deno.execPath();
    const args = [
      "run",
      "-A",
      SCRIPT.pathname,
      JSON.stringify(start),
    ];
    const piped = this.mechanism.properties.openedBy === "parent";
    const receiving = role === "receiver";
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
        env: serverEnv(),
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

  /** The parent closes the pipe: from now on only its senders have it open. */
  async letGo(): Promise<void> {
    await this.#pipe?.stdin.close();
  }

  /** Ends all peers, and removes nothing. */
  async end(): Promise<void> {
    for (const peer of this.#peers.splice(0)) await peer.end();
  }

  async [Symbol.asyncDispose]() {
    if (this.#pool) {
      for (const peer of this.#peers.splice(0)) {
        await this.#pool.give(peer);
      }
    }
    await this.end();
    this.#listener.close();
    const { remove } = await this.mechanism.load();
    await remove(this.address);
  }
}
