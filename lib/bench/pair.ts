/**
 * The two sides of a mechanism and the two channels between them: the messages go
 * there over one and come back over the other.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { delay } from "@std/async/delay";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address, Mechanism } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import type { Child } from "../lab/child.ts";
import {
  type Conditions,
  type Measured,
  roundTripOf,
  type Subject,
} from "./measure.ts";
import type { Failure, Hello, Order, SideStart } from "./side.ts";
import { startSides } from "./start.ts";
import type { Flow, Round } from "./result.ts";

/** Ctrl-C may end a side up to this long (ms) before it ends this process. */
const CTRL_C_MS = 200;

/** The two sides of one mechanism. */
export class Pair implements Subject, AsyncDisposable {
  readonly mechanism: Mechanism;
  limit = Infinity;
  readonly #there: Address;
  readonly #back: Address;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #children: Child[] = [];
  readonly #connections: Connection[] = [];
  readonly #death = Promise.withResolvers<never>();

  private constructor(mechanism: Mechanism) {
    this.mechanism = mechanism;
    this.#there = { name: `bench.${Deno.pid}.there` };
    this.#back = { name: `bench.${Deno.pid}.back` };
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
   * Starts both sides.
   *
   * @throws {LabError} If a side cannot be started or cannot open its channels.
   * @throws The signal's reason, once it is aborted.
   */
  static async start(mechanism: Mechanism, signal: AbortSignal): Promise<Pair> {
    const pair = new Pair(mechanism);
    try {
      await pair.#start(signal);
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
    return pair;
  }

  async #start(signal: AbortSignal) {
    const { allocate } = await this.mechanism.load();
    // An earlier process with our process id may have been killed and have left
    // its channels behind.
    await this.#remove();
    const [there, back] = [this.#there, this.#back];
    for (const address of [there, back]) address.memory = allocate?.(address);
    const { port } = this.#listener.addr;
    const { server } = this.mechanism;
    const common = { port, via: this.name, server };
    const starts: [SideStart, SideStart] = [
      { ...common, from: back, to: there },
      { ...common, from: there, to: back },
    ];
    signal.throwIfAborted();
    for (const child of startSides(this.mechanism, starts)) {
      this.#children.push(child);
      this.#watch(child);
    }
    // The side that connects first leads; otherwise the two are the same.
    while (this.#connections.length < starts.length) {
      const next = this.#unlessDead(this.#listener.accept());
      this.#connections.push(new Connection(await abortable(next, signal)));
    }
    for (const connection of this.#connections) {
      const hello = this.#unlessDead(connection.receive<Hello>());
      const { limit } = await abortable(hello, signal);
      this.limit = limit ?? Infinity; // JSON cannot carry Infinity
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
  async #unlessDead<T>(result: Promise<T>): Promise<T> {
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

  async roundTrip(conditions: Conditions): Promise<Round["roundTrip"]> {
    const [pinged] = await this.#run(conditions, "ping", "echo", 1);
    return roundTripOf(pinged);
  }

  async oneWay(conditions: Conditions, batch: number): Promise<Flow> {
    const [sent, received] = await this.#run(
      conditions,
      "flood",
      "drain",
      batch,
    );
    const { count, cpuSeconds } = received;
    // The receiver's clock starts when its first bytes have come, and these may be
    // all there are.
    const seconds = Math.max(sent.seconds, received.seconds);
    // Two workers are one process, so each has measured the time of both.
    const one = this.mechanism.properties.processes === "one";
    const all = one ? cpuSeconds : sent.cpuSeconds + cpuSeconds;
    return { count, batch, seconds, cpuSeconds: all };
  }

  async #run(
    conditions: Conditions,
    first: Order["work"],
    second: Order["work"],
    batch: number,
  ): Promise<Measured[]> {
    const { wait, size, seconds } = conditions;
    const way = wait || "block";
    const works = [first, second];
    const answers = this.#connections.map(async (connection, i) => {
      await connection.send({
        work: works[i],
        wait: way,
        size,
        seconds,
        batch,
      });
      return await connection.receive<Measured>();
    });
    return await this.#unlessDead(Promise.all(answers));
  }

  async #remove() {
    const { remove } = await this.mechanism.load();
    for (const address of [this.#there, this.#back]) await remove(address);
  }

  async [Symbol.asyncDispose]() {
    this.#listener.close();
    for (const child of this.#children) child.kill();
    await Promise.all(this.#children.map(({ ended }) => ended));
    await this.#remove(); // a side that was killed could not do it
  }
}

/** The connection to one side. */
class Connection {
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

  async send(order: Order): Promise<void> {
    const line = new TextEncoder().encode(JSON.stringify(order) + "\n");
    await this.#connection.write(line);
  }

  /** @throws {Error} If the side has failed: its reason. */
  async receive<T extends Hello | Measured>(): Promise<T> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("it has gone");
    const answer: T | Failure = JSON.parse(value);
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  }
}
