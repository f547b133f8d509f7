/**
 * Measurements of whole programs: many lines with `--quiet`, the time until a
 * program starts to log, and the processor time of programs that wait.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Mechanism } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { mechanismNamed, PERMISSIONS } from "../mechanism/mod.ts";
import { runPath } from "../mechanism/run_folder.ts";
import { NEWLINE } from "../message/message.ts";
import { Pair } from "./pair.ts";
import { PROGRAMS } from "./peer_list.ts";
import type { Peers } from "./peers.ts";
import { processTime } from "./processors.ts";

/** A side that has just started compiles and frees for so long (ms). */
const SETTLE_MS = 1000;

const ZERO = 48; // the digit

/** A script of ours, and its flags. */
function script(name: string, ...flags: string[]): string[] {
  const file = new URL(`../../scripts/${name}.ts`, import.meta.url).pathname;
  const run = ["run", "--quiet", "--no-prompt", ...PERMISSIONS];
  return [...run, decodeURIComponent(file), ...flags];
}

/** Removes a FIFO when it is disposed: a program that was killed could not. */
function channel(what: string) {
  const name = `bench.${Deno.pid}.${what}`;
  return {
    name,
    async [Symbol.asyncDispose]() {
      const { remove } = await mechanismNamed("fifo").load();
      await remove({ name });
    },
  };
}

/** A running program of ours; it is killed when it is disposed. */
function startScript(args: string[], signal: AbortSignal) {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal,
  }).spawn();
  return {
    child,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended
      }
      await child.status;
    },
  };
}

/**
 * Sends numbered lines through a FIFO with `--quiet`. The consumer also writes
 * them to a file, where each is compared with the line that it must be.
 *
 * @returns Lines a second, as the consumer logs them.
 * @throws {LabError} If a line is missing or wrong.
 */
export async function lines(
  count: number,
  signal: AbortSignal,
): Promise<number> {
  await using fifo = channel("lines");
  const flags = [`--name=${fifo.name}`, "--quiet", `--count=${count}`];
  const output = runPath(`${fifo.name}.txt`);
  await using all = new AsyncDisposableStack();
  all.defer(() => removeIfThere(output));
  const consumer = all.use(startScript(
    script("consumer", ...flags, "--log=json", `--output=${output}`),
    signal,
  ));
  const log = new Response(consumer.child.stderr).text();
  await using producer = startScript(script("producer", ...flags), signal);
  await producer.child.stderr.cancel();
  const { success } = await consumer.child.status;
  const text = await log;
  const last = text.trim().split("\n").map((line) => JSON.parse(line))
    .find(({ event, seconds }) => event === "finish" && seconds > 0);
  if (!success || last?.count !== count) {
    throw new LabError(`Cannot go on: ${count} lines did not arrive: ${text}`);
  }
  await checkLines(output, count);
  return last.count / last.seconds;
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** @throws {LabError} If a file does not have the numbers from 1 to `count`. */
export async function checkLines(path: string, count: number): Promise<void> {
  using file = await Deno.open(path);
  let last = 0;
  let value = 0;
  for await (const bytes of file.readable) {
    for (const byte of bytes) {
      if (byte !== NEWLINE) value = value * 10 + byte - ZERO;
      else if (value === last + 1) [last, value] = [value, 0];
      else throw new LabError(`Cannot go on: ${value} came after line ${last}`);
    }
  }
  if (last !== count || value !== 0) {
    throw new LabError(`Cannot go on: ${last} of ${count} lines are whole`);
  }
}

/** The same by C's stdio. `undefined`: there is no C compiler. */
export async function linesInC(
  count: number,
  peers: Peers,
): Promise<number | undefined> {
  if (!peers.has(PROGRAMS.lines)) return undefined;
  const text = await peers.run(PROGRAMS.lines, [peers.folder, `${count}`], 60);
  const done: { count: number; seconds: number } = JSON.parse(text);
  return done.count / done.seconds;
}

/** Milliseconds from the start of `producer` to its first line in the log. */
export async function firstLine(signal: AbortSignal): Promise<number> {
  await using fifo = channel("start");
  const start = performance.now();
  await using producer = startScript(
    script("producer", `--name=${fifo.name}`),
    signal,
  );
  const reader = producer.child.stderr.getReader();
  const { value } = await reader.read();
  const taken = performance.now() - start;
  await reader.cancel();
  if (!value) throw new LabError("Cannot go on: producer logged nothing");
  return taken;
}

/** Milliseconds that `deno eval ''` takes. */
export async function emptyProgram(signal: AbortSignal): Promise<number> {
  const start = performance.now();
  await new Deno.Command(Deno.execPath(), { args: ["eval", ""], signal })
    .output();
  return performance.now() - start;
}

/** Two workers in a process of their own: one pauses, the other waits. */
function startWorkers(signal: AbortSignal) {
  const flags = ["--wait=block", "--pause-every=1", "--pause=60m"];
  return startScript(script("lab", "--via=workers", ...flags), signal);
}

/**
 * Lets one side of each mechanism wait for a message that does not come, while
 * the other side has nothing to do, all at the same time.
 *
 * @returns The part of a processor that the busier process of each took, 0 to 1.
 */
export async function idle(
  mechanisms: Mechanism[],
  seconds: number,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  await using started = new AsyncDisposableStack();
  const waiting: { name: string; pids: readonly number[] }[] = [];
  const ends: (() => Promise<unknown>)[] = [];
  for (const mechanism of mechanisms) {
    const { name, properties } = mechanism;
    if (properties.processes === "one") {
      const { child: { pid } } = started.use(startWorkers(signal));
      waiting.push({ name, pids: [pid] });
    } else {
      const pair = started.use(await Pair.start(mechanism, signal));
      waiting.push(pair);
      ends.push(pair.waitForMessage());
    }
  }
  await delay(SETTLE_MS, { signal }); // they have just started
  const times = () => waiting.map(({ pids }) => pids.map(processTime));
  const before = times();
  await delay(seconds * 1000, { signal });
  const after = times();
  for (const end of ends) await end();
  return Object.fromEntries(waiting.map(({ name }, i) => {
    const each = after[i].map((time, k) => (time - before[i][k]) / seconds);
    return [name, Math.max(...each)];
  }));
}
