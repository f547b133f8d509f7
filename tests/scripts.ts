/**
 * Runs the real scripts as a user would: with the flags of their tasks in
 * deno.json, and nothing else.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { SHEET } from "../lib/check/evidence.ts";
import { judge } from "../lib/check/judge.ts";
import { readLine, untorn, type Who } from "../lib/check/line.ts";
import config from "../deno.json" with { type: "json" };
import { serverEnv, testServer } from "./test_server.ts";

/** A task of deno.json. */
export type Task = keyof typeof config.tasks;

/** The arguments of `deno` in a task. */
export function taskArguments(task: Task): string[] {
  return config.tasks[task].command
    .replace(/\$\(.*\)/, Deno.execPath())
    .split(" ").slice(1);
}

/** A channel's name that no other test uses: test files run side by side. */
export function freshName(): string {
  return `test-${crypto.randomUUID().slice(0, 13)}`;
}

/** The name of a channel's queue or segment. */
export function objectName(name: string): string {
  return `/ipc-lab-${Deno.uid()}.${name}`;
}

/** The mailbox of a channel on this test file's NATS server. */
export function mailboxName(name: string): string {
  return `${testServer.url}/ipc-lab-${name}`;
}

/** Every file and object that a channel of that name has left. */
export function leftovers(name: string): string[] {
  const segment = `/dev/shm${objectName(name)}`;
  // A NATS server removes this file first, and the folder in its own time.
  const stream = `${testServer.store}/jetstream/*/streams/ipc-lab-${name}*`;
  const names = `run/${name}.* ${segment} ${segment}.* ${stream}/meta.inf`;
  return linesOf(`ls -d ${names}`);
}

/** A process's descriptors: how each is open (`r`, `w`, `rw`), and what it is. */
export function descriptors(pid: number): string[] {
  return linesOf(`stat --format='%A %N' /proc/${pid}/fd/*`).map((line) =>
    line.replace(/^l(..).*?-* /, (_, mode) => mode.replace("-", "") + " ")
  );
}

/** The most memory that a process has used so far, in bytes: VmHWM, proc(5). */
export function peakMemory(pid: number): number {
  const [line = ""] = linesOf(`grep VmHWM /proc/${pid}/status`);
  return parseInt(line.slice("VmHWM:".length)) * 1024; // kB
}

/** Through the shell, as Deno opens /dev and /proc only with --allow-all. */
function linesOf(command: string): string[] {
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", command],
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line);
}

/** Options for {@linkcode start}. */
export interface StartOptions {
  /** Bytes for its standard input; none: the input is closed. */
  input?: ReadableStream<Uint8Array>;
  cwd?: string;
  env?: Record<string, string>;
}

/** A running script, which is ended when it is disposed. */
export class Running implements AsyncDisposable {
  /** Its log so far. */
  readonly lines: string[] = [];
  /** When each of its lines came, in ms. */
  readonly times: number[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  readonly #output: Promise<ArrayBuffer>;
  readonly #status: Promise<Deno.CommandStatus>;
  #changed = Promise.withResolvers<void>();
  #over = false;

  constructor(command: string, args: string[], options: StartOptions = {}) {
    this.#child = new Deno.Command(command, {
      args,
      cwd: options.cwd,
      env: { NO_COLOR: "1", ...serverEnv(), ...options.env },
      stdin: options.input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = this.#read();
    this.#output = new Response(this.#child.stdout).arrayBuffer();
    this.#status = this.#child.status;
    // A script that ends early closes its input: no error of the test.
    options.input?.pipeTo(this.#child.stdin).catch(() => {});
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #read() {
    const lines = this.#child.stderr
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      this.lines.push(line);
      this.times.push(performance.now());
      this.#change();
    }
    this.#over = true;
    this.#change();
  }

  #change() {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves when the log has a line with that text, `times` times. */
  async saw(text: string, times = 1): Promise<string> {
    for (let at = 0, found = 0;;) {
      for (; at < this.lines.length; at++) {
        const line = this.lines[at];
        if (line.includes(text) && ++found === times) return line;
      }
      if (this.#over) {
        throw new Error(
          `The script ended without '${text}':\n${this.lines.join("\n")}`,
        );
      }
      await this.#changed.promise;
    }
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until the script has ended. */
  async ended(): Promise<{ code: number; signal: string | null; log: string }> {
    const { code, signal } = await this.#status;
    await this.#reading;
    return { code, signal, log: this.lines.join("\n") };
  }

  /** What it wrote to standard output. */
  async output(): Promise<Uint8Array> {
    return new Uint8Array(await this.#output);
  }

  async [Symbol.asyncDispose]() {
    let running = true;
    const done = this.#status.then(() => running = false);
    await Promise.resolve();
    if (running) {
      try {
        this.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended
      }
    }
    await done;
    await Promise.all([this.#reading, this.#output]);
  }
}

/** Starts a task's script. */
export function start(
  task: Task,
  flags: string[],
  options?: StartOptions,
): Running {
  return new Running(
    Deno.execPath(),
    [...taskArguments(task), ...flags],
    options,
  );
}

/** Starts a shell command, as a student would type it. */
export function shell(line: string): Running {
  return new Running("sh", ["-c", line]);
}

/** Runs a task's script to its end. */
export async function run(task: Task, flags: string[], options?: StartOptions) {
  await using script = start(task, flags, options);
  return await script.ended();
}

/** Checks that scripts ended with 0 and left nothing behind. */
export async function assertWell(name: string, ...scripts: Running[]) {
  for (const script of scripts) {
    const { code } = await script.ended();
    // All logs: if one script gives up, often another has failed.
    const logs = scripts.map(({ lines }) => lines.join("\n")).join("\n\n");
    assertEquals(code, 0, logs);
  }
  assertEquals(leftovers(name), []);
}

/** The numbers that were read, by the log. */
export function valuesRead({ lines }: { lines: string[] }): number[] {
  return lines.flatMap((line) => {
    const [, value] = /^INFO:process2:Read: (\d+)$/.exec(line) ?? [];
    return value === undefined ? [] : [Number(value)];
  });
}

/** The durations of a run, in milliseconds. */
export interface Durations {
  pause: number;
  retry: number;
}

/** Short durations. */
export const FAST: Durations = { pause: 3000, retry: 500 };
/** The flags for {@linkcode FAST}. */
export const FAST_FLAGS = ["--pause=3s", "--retry=500ms"];

/** The lines of a log, and when each came, in ms; a saved log has no times. */
export interface Log {
  lines: readonly string[];
  times?: readonly number[];
}

/**
 * What in a log of ours differs from the sheet, by the rules of `check` and
 * letter for letter; an empty list if it agrees. By its times, a process 2 that
 * started late on a busy machine need not have waited for the whole pause.
 *
 * @param processes Whose lines are there. @default all of the sheet's
 */
export function differences(
  { lines, times }: Log,
  { pause, retry }: Durations,
  processes?: readonly Who[],
): string[] {
  const read = lines.flatMap((line, i) =>
    untorn(line).map((part) => readLine(part, times?.[i]))
  );
  const durations = { pauseMs: pause, retryMs: retry };
  const expectation = { ...SHEET, ...durations, strict: true, processes };
  return judge({ lines: read, oddities: [] }, expectation).results
    .filter(({ status }) => status === "fail")
    .map(({ number, title, got, expected }) =>
      `rule ${number} (${title}): ${got} instead of ${expected}`
    );
}

/** `from` to `to`, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Is Python 3 installed? */
export function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["--version"] })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
