/**
 * Sides that run: processes or workers that measure one mechanism, and the
 * connections over which they take orders.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { delay } from "@std/async/delay";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address, Mechanism } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import type { Child } from "../lab/child.ts";
import type { Failure, Hello, Order, SideStart } from "./side.ts";

/** Ctrl-C may end a side up to this long (ms) before it ends this process. */
const CTRL_C_MS = 200;

/** Sets of channels so far: each has names of its own. */
let sets = 0;

/** The sides of one mechanism, and the channels between them. */
export class Sides implements AsyncDisposable {
  readonly mechanism: Mechanism;
  /** The longest record that all sides accept, in bytes. */
  limit = Infinity;
  /** Connections to the sides, in the order in which they have come. */
  protected readonly connections: Connection[] = [];
  readonly #prefix = `bench.${Deno.pid}.${sets++}`;
  readonly #addresses: Address[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #children: Child[] = [];
  readonly #death = Promise.withResolvers<never>();

  protected constructor(mechanism: Mechanism) {
    this.mechanism = mechanism;
    this.#death.promise.catch(() => {}); // a side may die while nobody waits for it
  }

  get name(): string {
    return this.mechanism.name;
  }

  /** The process ids of the sides; workers have none. */
  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Makes a channel's address. Where its memory must be made, makes it.
   *
   * @param capacity In messages, where one can choose.
   */
  protected async address(
    way: "there" | "back",
    capacity?: number,
  ): Promise<Address> {
    const { allocate, remove } = await this.mechanism.load();
    const address: Address = { name: `${this.#prefix}.${way}`, capacity };
    // An earlier process with our process id may have been killed and have left
    // its channels behind.
    await remove(address);
    address.memory = allocate?.(address);
    this.#addresses.push(address);
    return address;
  }

  /** What every side is started with. */
  protected get common(): Omit<SideStart, "from" | "to"> {
    const { port } = this.#listener.addr;
    return { port, via: this.name, server: this.mechanism.server };
  }

  /**
   * Waits until started sides have connected and opened their channels.
   *
   * @throws {LabError} If a side cannot be started or cannot open its channels.
   * @throws The signal's reason, once it is aborted.
   */
  protected async join(
    children: () => Child[],
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    for (const child of children()) {
      this.#children.push(child);
      this.#watch(child);
    }
    while (this.connections.length < this.#children.length) {
      const next = this.unlessDead(this.#listener.accept());
      this.connections.push(new Connection(await abortable(next, signal)));
    }
    for (const connection of this.connections) {
      const hello = this.unlessDead(connection.receive<Hello>());
      const { limit, receives } = await abortable(hello, signal);
      this.limit = Math.min(this.limit, limit ?? Infinity); // JSON has no Infinity
      connection.receives = receives;
    }
  }

  async #watch({ pid, ended }: Child) {
    const { code, died } = await ended;
    if (code === 0) return; // it has sent the reason: see Failure
    // Ctrl-C reaches all processes of the terminal. If it ended the side, it will
    // also end this benchmark, and then the death is no error.
    await delay(CTRL_C_MS);
    const who = pid === undefined ? "a worker" : `Pid ${pid}`;
    const how = died ?? `ended with exit code ${code}`;
    const text = `Cannot go on: a side of ${this.name}, ${who} ${how}`;
    this.#death.reject(new LabError(text));
  }

  /** Waits for a result. @throws {LabError} If a side dies or fails before. */
  protected async unlessDead<T>(result: Promise<T>): Promise<T> {
    try {
      return await Promise.race([result, this.#death.promise]);
    } catch (error) {
      // When a side dies, the other one fails as well. The death is the reason,
      // so wait until we know of it.
      await Promise.race([this.#death.promise, delay(2 * CTRL_C_MS)]);
      const reason = error instanceof Error ? error.message : error;
      throw new LabError(`Cannot go on: a side of ${this.name}: ${reason}`);
    }
  }

  /** Processor time (s) of all sides, from what each has measured. */
  protected cpuSeconds(measured: { cpuSeconds: number }[]): number {
    const each = measured.map(({ cpuSeconds }) => cpuSeconds);
    // Workers are one process, so each has measured the time of all.
    return this.mechanism.properties.processes === "one"
      ? Math.max(...each)
      : each.reduce((sum, seconds) => sum + seconds, 0);
  }

  async [Symbol.asyncDispose]() {
    this.#listener.close();
    for (const child of this.#children) child.kill();
    await Promise.all(this.#children.map(({ ended }) => ended));
    const { remove } = await this.mechanism.load();
    // A side that was killed could not do it.
    for (const address of this.#addresses) await remove(address);
  }
}

/** The connection to one side. */
export class Connection {
  /** Has the side a channel to receive from? */
  receives = false;
  readonly #connection: Deno.TcpConn;
  readonly #lines: ReadableStreamDefaultReader<string>;

  constructor(connection: Deno.TcpConn) {
    connection.setNoDelay();
    this.#connection = connection;
    this.#lines = connection.readable
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
  }

  /** Gives an order. @returns What the side answers. */
  async order<T extends object>(order: Order): Promise<T> {
    const line = new TextEncoder().encode(JSON.stringify(order) + "\n");
    await this.#connection.write(line);
    return await this.receive<T>();
  }

  /** @throws {Error} If the side has failed: its reason. */
  async receive<T extends object>(): Promise<T> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("it has gone");
    const answer: T | Failure = JSON.parse(value);
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  }
}
