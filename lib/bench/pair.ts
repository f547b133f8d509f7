/**
 * Two peers and the two channels between them: one there, one back.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { delay } from "@std/async/delay";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address, Mechanism } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import type { Child } from "../lab/child.ts";
import { startSides } from "./side.ts";
import {
  type Measured,
  roundTripOf,
  type Subject,
  type Task,
} from "./measure.ts";
import type { Failure, Hello, Order, PeerStart } from "./peer.ts";
import type { Flow, Round } from "./result.ts";

/** Within that time (ms) our own Ctrl-C comes after it has ended a side. */
const GRACE_MS = 200;

/** The two sides of one mechanism. */
export class Pair implements Subject, AsyncDisposable {
  readonly mechanism: Mechanism;
  limit = Infinity;
  readonly #there: Address;
  readonly #back: Address;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #children: Child[] = [];
  readonly #links: Link[] = [];
  readonly #death = Promise.withResolvers<never>();

  private constructor(mechanism: Mechanism) {
    this.mechanism = mechanism;
    this.#there = { name: `bench.${Deno.pid}.there` };
    this.#back = { name: `bench.${Deno.pid}.back` };
    this.#death.promise.catch(() => {}); // it may come when nobody asks
  }

  get name(): string {
    return this.mechanism.name;
  }

  /** The sides' process ids; none where they are workers of ours. */
  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Starts both sides.
   *
   * @throws {LabError} If one of them cannot be started.
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
    await this.#remove(); // of one that had our process id and was killed
    const [there, back] = [this.#there, this.#back];
    for (const address of [there, back]) address.memory = allocate?.(address);
    const { port } = this.#listener.addr as Deno.NetAddr;
    const common = { port, via: this.name };
    const starts: [PeerStart, PeerStart] = [
      { ...common, from: back, to: there },
      { ...common, from: there, to: back },
    ];
    signal.throwIfAborted();
    for (const child of startSides(this.mechanism, starts)) {
      this.#children.push(child);
      this.#watch(child);
    }
    // Whoever connects first leads: otherwise the two sides are the same.
    while (this.#links.length < starts.length) {
      const next = this.#unlessDead(this.#listener.accept());
      this.#links.push(new Link(await abortable(next, signal)));
    }
    for (const link of this.#links) {
      const hello = this.#unlessDead(link.hear<Hello>());
      const { limit } = await abortable(hello, signal);
      this.limit = limit ?? Infinity; // JSON knows none
    }
  }

  async #watch({ pid, ended }: Child) {
    const { code, died } = await ended;
    // Ctrl-C ends us all, the side first: then it is not its own doing.
    await delay(GRACE_MS);
    const who = pid === undefined ? "a worker" : `Pid ${pid}`;
    const how = died ?? `ended with exit code ${code}`;
    const text = `Cannot go on: a side of ${this.name}, ${who} ${how}`;
    this.#death.reject(new LabError(text));
  }

  /** The result, unless a side dies before. */
  async #unlessDead<T>(result: Promise<T>): Promise<T> {
    try {
      return await Promise.race([result, this.#death.promise]);
    } catch (error) {
      // When one dies the other complains: let us hear of the death first.
      await Promise.race([this.#death.promise, delay(2 * GRACE_MS)]);
      const reason = error instanceof Error ? error.message : error;
      throw new LabError(`Cannot go on: a side of ${this.name}: ${reason}`);
    }
  }

  async roundTrip(task: Task): Promise<Round["roundTrip"]> {
    const [pinged] = await this.#run(task, "ping", "echo", 1);
    return roundTripOf(pinged);
  }

  async oneWay(task: Task, batch: number): Promise<Flow> {
    const [sent, received] = await this.#run(task, "flood", "drain", batch);
    const { count, cpuSeconds } = received;
    // The receiver's clock starts with the first piece, which may be all of it.
    const seconds = Math.max(sent.seconds, received.seconds);
    // Two workers are one process, and either has measured all of it.
    const one = this.mechanism.properties.processes === "one";
    const all = one ? cpuSeconds : sent.cpuSeconds + cpuSeconds;
    return { count, batch, seconds, cpuSeconds: all };
  }

  async #run(
    task: Task,
    first: Order["work"],
    second: Order["work"],
    batch: number,
  ): Promise<Measured[]> {
    const { wait, size, seconds } = task;
    const way = wait || "block";
    const works = [first, second];
    const answers = this.#links.map(async (link, i) => {
      await link.say({ work: works[i], wait: way, size, seconds, batch });
      return await link.hear<Measured>();
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
    await this.#remove(); // the dead cannot tidy up
  }
}

/** The connection to one side. */
class Link {
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

  async say(order: Order): Promise<void> {
    const line = new TextEncoder().encode(JSON.stringify(order) + "\n");
    await this.#connection.write(line);
  }

  /** @throws {Error} What went wrong over there. */
  async hear<T extends Hello | Measured>(): Promise<T> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("it has gone");
    const answer: T | Failure = JSON.parse(value);
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  }
}
