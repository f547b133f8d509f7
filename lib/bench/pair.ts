/**
 * Two peers and the two channels between them: one there, one back.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Address, Mechanism } from "../channel.ts";
import { LabError } from "../error.ts";
import type { Answer, Order, PeerStart } from "./peer.ts";
import type { Flow, Round } from "./result.ts";

const SCRIPT = new URL("./peer.ts", import.meta.url);

/** What to measure. */
export type Task = Pick<Order, "wait" | "size" | "seconds">;

/** The two sides of one mechanism. */
export class Pair implements AsyncDisposable {
  readonly mechanism: Mechanism;
  /** What carries its calls. */
  through = "";
  /** The longest record that it takes, in bytes. */
  limit = Infinity;
  readonly #there: Address;
  readonly #back: Address;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #peers: Peer[] = [];

  private constructor(mechanism: Mechanism) {
    this.mechanism = mechanism;
    this.#there = { name: `bench.${Deno.pid}.there` };
    this.#back = { name: `bench.${Deno.pid}.back` };
  }

  /** Starts both sides: processes, or workers where the mechanism joins workers. */
  static async start(mechanism: Mechanism): Promise<Pair> {
    const pair = new Pair(mechanism);
    try {
      await pair.#start();
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
    return pair;
  }

  async #start() {
    const { allocate } = await this.mechanism.load();
    const { processes, openedBy } = this.mechanism.properties;
    const [there, back] = [this.#there, this.#back];
    for (const address of [there, back]) address.memory = allocate?.(address);
    const { port } = this.#listener.addr as Deno.NetAddr;
    const common = { port, via: this.mechanism.name };
    const starts: PeerStart[] = [
      { ...common, from: back, to: there },
      { ...common, from: there, to: back },
    ];
    const ends = processes === "one"
      ? starts.map(startWorker)
      : openedBy === "name"
      ? starts.map((start) => this.#startProcess(start))
      : await this.#startPiped(starts);
    // Whoever connects first leads: otherwise the two sides are the same.
    for (const end of ends) {
      this.#peers.push(new Peer(await this.#listener.accept(), end));
    }
    for (const peer of this.#peers) {
      const { limit, through } = await peer.answer();
      this.limit = limit ?? Infinity; // JSON knows none
      this.through = through;
    }
  }

  #startProcess(start: PeerStart): () => void {
    const child = new Deno.Command(Deno.execPath(), {
      args: this.#arguments(start),
      stdin: "null",
      stdout: "null",
    }).spawn();
    return () => end(child);
  }

  /**
   * The two processes in a ring: what one writes to standard output, the other
   * reads from standard input. The parent holds the pipes open, and relays
   * nothing: opened through /proc, a pipe's other end is another end of the same.
   */
  async #startPiped([first, second]: PeerStart[]): Promise<(() => void)[]> {
    const spawn = (script: string, start: PeerStart, pid = 0) =>
      new Deno.Command("sh", {
        args: [
          "-c",
          script,
          String(pid),
          Deno.execPath(),
          ...this.#arguments(start),
        ],
        stdin: "piped",
        stdout: "null",
      }).spawn();
    // The first one is told, in a line on its input, whom to write to.
    const one = spawn('read -r pid; exec "$@" > "/proc/$pid/fd/0"', first);
    const two = spawn('exec "$@" > "/proc/$0/fd/0"', second, one.pid);
    const writer = one.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${two.pid}\n`));
    return [one, two].map((child) => () => end(child));
  }

  #arguments(start: PeerStart): string[] {
    const { permissions } = this.mechanism;
    const ffi = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
    const flags = [
      ...permissions(start.from),
      ...permissions(start.to),
      `--allow-net=127.0.0.1:${start.port}`,
      ...ffi ? ["--allow-ffi"] : [],
    ];
    return ["run", ...new Set(flags), SCRIPT.pathname, JSON.stringify(start)];
  }

  /** Ping and echo. Times are in microseconds. */
  async roundTrip(task: Task): Promise<Round["roundTrip"]> {
    const [{ count, seconds, samples = [] }] = await this.#run(
      { ...task, batch: 1, work: "ping" },
      { ...task, batch: 1, work: "echo" },
    );
    const quantile = (q: number) => samples[Math.floor(q * samples.length)];
    const mean = seconds / count * 1e6;
    return { count, mean, p50: quantile(0.5), p99: quantile(0.99) };
  }

  /** One way, with that many messages in one write. */
  async oneWay(task: Task, batch: number): Promise<Flow> {
    const [sent, { count, seconds, cpuSeconds }] = await this.#run(
      { ...task, batch, work: "flood" },
      { ...task, batch, work: "drain" },
    );
    const one = this.mechanism.properties.processes === "one";
    const all = one ? cpuSeconds : sent.cpuSeconds + cpuSeconds;
    return { count, batch, seconds, cpuSeconds: all };
  }

  async #run(...orders: Order[]): Promise<Answer[]> {
    await Promise.all(this.#peers.map((peer, i) => peer.order(orders[i])));
    return await Promise.all(this.#peers.map((peer) => peer.answer()));
  }

  async [Symbol.asyncDispose]() {
    for (const peer of this.#peers) peer[Symbol.dispose]();
    this.#listener.close();
    const { remove } = await this.mechanism.load();
    await remove(this.#there);
    await remove(this.#back);
  }
}

function startWorker(start: PeerStart): () => void {
  const worker = new Worker(SCRIPT, { type: "module" });
  worker.postMessage(start);
  return () => worker.terminate();
}

function end(child: Deno.ChildProcess) {
  try {
    child.kill();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended already
  }
}

/** One side, seen from the parent. */
class Peer implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #end: () => void;

  constructor(connection: Deno.TcpConn, end: () => void) {
    connection.setNoDelay();
    this.#connection = connection;
    this.#end = end;
    this.#lines = connection.readable
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
  }

  async order(order: Order): Promise<void> {
    const line = new TextEncoder().encode(JSON.stringify(order) + "\n");
    await this.#connection.write(line);
  }

  async answer(): Promise<Answer> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new LabError("A side has gone");
    const answer: Answer = JSON.parse(value);
    if (answer.error !== undefined) throw new LabError(answer.error);
    return answer;
  }

  [Symbol.dispose]() {
    this.#end();
  }
}
