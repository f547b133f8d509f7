/**
 * How much one mailbox of a NATS server carries: producers and consumers, each a
 * process, and every message counted.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import { markdownTable } from "markdown-table";
import { print } from "../cli/command.ts";
import { ProcessLog } from "../cli/log.ts";
import { LabError } from "../error.ts";
import { type Child, type Ending, startProcess } from "../lab/child.ts";
import { permissionsFor } from "../mechanism/mod.ts";
import type { ScaleOptions } from "./flags.ts";
import { replicate } from "./replicas.ts";
import type { SideJob, SideReport } from "./side.ts";

const HEADINGS = ["producers", "consumers", "bytes", "messages/s", "MB/s"];

/** Measures, and prints a table. @returns The exit code. */
export async function runScale(
  { mechanism, ends, sizes, count, replicas }: ScaleOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProcessLog("scale");
  log.start();
  await (await mechanism.load()).tryOut?.(); // is there a server?
  const rows: string[][] = [];
  for (const size of sizes) {
    for (const n of ends) {
      const row = { mechanism, n, size, count, replicas };
      const seconds = await measure(row, signal);
      const perSecond = Math.floor(count / n) * n / seconds;
      const megabytes = (perSecond * size / 1e6).toFixed(1);
      const figures = [n, n, size, Math.round(perSecond)].map(String);
      rows.push([...figures, megabytes]);
      log.info(
        `${n} producer${n === 1 ? "" : "s"}, ${size} bytes: ${
          figures[3]
        } messages/s`,
      );
    }
  }
  const align = HEADINGS.map(() => "r");
  const table = markdownTable([HEADINGS, ...rows], { align }) + "\n";
  await print(table);
  return 0;
}

/** What one row measures. */
type Row =
  & Pick<ScaleOptions, "mechanism" | "count" | "replicas">
  & { n: number; size: number };

/** @returns Seconds from the first message sent to the last one read. */
async function measure(
  { mechanism, n, size, count, replicas }: Row,
  signal: AbortSignal,
): Promise<number> {
  const name = `scale.${Deno.pid}`;
  const { server } = mechanism;
  const job = { name, server, size, count: Math.floor(count / n) };
  const { remove } = await mechanism.load();
  await using stack = new AsyncDisposableStack();
  // Ends that are killed leave the mailbox behind, with its messages.
  stack.defer(async () => {
    await remove({ name });
  });
  if (replicas > 1) await replicate(name, replicas, server);
  signal.throwIfAborted(); // the sides hear only what comes later
  await using sides = new Sides(permissionsFor(mechanism), signal);
  const numbers = Array.from({ length: n }, (_, i) => i);
  const consumers = numbers.map(() => sides.start(job));
  await Promise.all(consumers.map(({ ready }) => ready));
  const producers = numbers.map((producer) =>
    sides.start({ ...job, producer })
  );
  await Promise.all(producers.map(({ ready }) => ready));
  for (const { begin } of producers) begin();
  const [sent, read] = await Promise.all(
    [producers, consumers].map((sides) =>
      Promise.all(sides.map(({ report }) => report))
    ),
  );
  const all = read.reduce((sum, { count }) => sum + count, 0);
  const wrong = read.reduce((sum, { wrong }) => sum + wrong, 0);
  if (all !== job.count * n || wrong > 0) {
    throw new LabError(
      `Cannot trust this row: ${all} of ${
        job.count * n
      } messages came, ${wrong} in a wrong order`,
    );
  }
  const first = Math.min(...sent.map(({ from }) => from));
  const last = Math.max(...read.map(({ to }) => to));
  return (last - first) / 1000;
}

/** The processes of one row. */
class Sides implements AsyncDisposable {
  readonly #permissions: readonly string[];
  readonly #signal: AbortSignal;
  readonly #children: Child[] = [];

  constructor(permissions: readonly string[], signal: AbortSignal) {
    this.#permissions = permissions;
    this.#signal = signal;
    signal.addEventListener("abort", this.#kill);
  }

  /** Starts a side; its two promises are what it says. A producer waits. */
  start(job: SideJob) {
    const ready = Promise.withResolvers<void>();
    const report = Promise.withResolvers<SideReport>();
    const said: string[] = [];
    const child = startProcess({
      script: new URL("./side.ts", import.meta.url),
      args: [JSON.stringify(job)],
      permissions: this.#permissions,
      stdin: "pipe",
      onError: async (pieces) => {
        const lines = ReadableStream.from(pieces)
          .pipeThrough(new TextDecoderStream())
          .pipeThrough(new TextLineStream());
        for await (const line of lines) {
          said.push(line);
          if (line === "ready") ready.resolve();
          else if (line.startsWith("{")) report.resolve(JSON.parse(line));
        }
      },
    });
    this.#children.push(child);
    child.ended.then((ending) => { // too late for those that have said it
      const side = job.producer === undefined ? "consumer" : "producer";
      const why = this.#signal.aborted
        ? this.#signal.reason
        : new LabError(`Cannot go on: a ${side} ${causeOf(ending, said)}`);
      ready.reject(why);
      report.reject(why);
    });
    for (const { promise } of [ready, report]) promise.catch(() => {});
    const begin = () => child.input?.write("\n");
    return { ready: ready.promise, report: report.promise, begin };
  }

  #kill = () => {
    for (const child of this.#children) child.kill();
  };

  async [Symbol.asyncDispose]() {
    this.#signal.removeEventListener("abort", this.#kill);
    this.#kill();
    await Promise.all(this.#children.map(({ ended }) => ended));
  }
}

/** Why a side has ended without its report, in words. */
function causeOf({ code, died }: Ending, said: string[]): string {
  if (died !== undefined) return died;
  const error = said.find((line) => line.includes("Error"));
  return error ? `has failed: ${error}` : `ended with exit code ${code}`;
}
