/**
 * Runs programs on one pseudo-terminal, as a person would see them, and watches
 * them until they end.
 *
 * @module
 */
// Deno.Command cannot hand a descriptor of ours to a child; spawn() can.
import { spawn } from "node:child_process";
import { constants as os } from "node:os";
import { delay } from "@std/async/delay";
import { errorCode } from "../error.ts";
import { sendSignal } from "../lab/child.ts";
import { guardGroup, startGuard } from "../lab/guard.ts";
import { isAlive } from "../posix/process.ts";
import { adoptOrphans } from "../posix/others.ts";
import { Terminal } from "../posix/terminal.ts";
import type { Ending, Evidence, Live } from "./evidence.ts";
import { Before } from "./left.ts";
import type { Who } from "./line.ts";
import { MOST_BYTES, Output } from "./output.ts";
import { Watch } from "./watch.ts";

/** What to run. */
export interface Program {
  /** One or two commands; the second starts after the first one's first line. */
  commands: readonly (readonly string[])[];
  /** The folder to run in, the program's own. @default the current one */
  cwd?: string;
  /** Added to the environment. */
  env?: Readonly<Record<string, string>>;
  /** Which process the first command is, if it is the checker's own. */
  ours?: Who;
}

/** Limits of a run. */
export interface RunOptions {
  /** Ended after so long, in ms. */
  timeoutMs: number;
  signal: AbortSignal;
}

const TICK_MS = 10; // how often the terminal is read
const LOOK_MS = 50; // how often the processes are looked at
const SECOND_MS = 500; // the second command starts after so long in any case
const LEAVING_MS = 1000; // a child may end so long after its parent
const KILL_MS = 2000; // how long killed processes may take to vanish

/** Runs a program to its end. It leaves nothing behind, whatever it did. */
export async function runProgram(
  program: Program,
  options: RunOptions,
): Promise<Evidence> {
  adoptOrphans();
  startGuard(); // before we watch: it does not belong to the program
  const before = new Before(program.cwd);
  using run = new Run(program, options);
  const { output, watch } = run;
  let names: string[] = [];
  try {
    await run.untilEnd();
  } finally { // on Ctrl-C, too: else the next run finds these names
    await run.endAll();
    names = before.removeNew(watch);
  }
  return {
    lines: output.lines,
    oddities: [...output.oddities],
    live: {
      ...run.result,
      processes: watch.processes,
      objects: watch.objects,
      left: [...run.leftProcesses, ...names],
    },
  };
}

/** One run. */
class Run implements Disposable {
  readonly output = new Output();
  readonly watch = new Watch();
  readonly leftProcesses: string[] = [];
  readonly result: Omit<Live, "processes" | "objects" | "left">;
  readonly #program: Program;
  readonly #options: RunOptions;
  readonly #terminal = new Terminal();
  readonly #start = performance.now();
  readonly #guarded = new DisposableStack();
  #running = 0;
  #lookedAt = -Infinity;

  constructor(program: Program, options: RunOptions) {
    this.#program = program;
    this.#options = options;
    const { ours } = program;
    const startedAt = Date.now();
    this.result = { startedAt, ms: 0, endings: [], ours, lateMs: 0 };
    this.#terminal.typeEnd();
  }

  get #now(): number {
    return performance.now() - this.#start;
  }

  /** Starts the commands, and resolves when they have ended or a limit is met. */
  async untilEnd(): Promise<void> {
    const [first, second] = this.#program.commands;
    this.#spawn(first);
    let waiting: readonly string[] | undefined = second;
    while ((this.#running > 0 || waiting) && !this.result.stopped) {
      await this.#tick();
      this.#checkLimits();
      const { length } = this.output.lines;
      const due = length > 0 || this.#now > SECOND_MS || this.#running === 0;
      if (waiting && due) {
        this.#spawn(waiting);
        waiting = undefined;
      }
    }
    this.result.ms = this.#now;
    await this.#untilLeft();
  }

  #spawn(command: readonly string[]) {
    const [name, ...args] = command;
    const { program } = this.#terminal;
    const ending: Ending = { command: command.join(" ") };
    this.result.endings.push(ending);
    // With PYTHONUNBUFFERED, print writes text and newline apart: lines mix.
    const { PYTHONUNBUFFERED: _, ...env } = Deno.env.toObject();
    const child = spawn(name, args, {
      cwd: this.#program.cwd,
      env: { ...env, ...this.#program.env },
      stdio: [program, program, program],
      detached: true, // a session of its own, as in a terminal of its own
    });
    this.#running++;
    if (child.pid !== undefined) {
      this.watch.started(child.pid);
      this.#guarded.use(guardGroup(child.pid)); // it ends with us, by kill -9 too
    }
    child.on("exit", (code, signal) => {
      ending.code = code ?? 128 + (signal ? os.signals[signal] : 0);
      this.#running--;
    });
    child.on("error", (error) => {
      this.result.stopped = `could not be started: ${whyNotStarted(error)}`;
      this.#running--;
    });
  }

  /** Reads, looks, and notices how late this machine is. */
  async #tick(): Promise<void> {
    const slept = this.#now;
    await delay(TICK_MS, { signal: this.#options.signal });
    const at = this.#now;
    this.result.lateMs = Math.max(this.result.lateMs, at - slept - TICK_MS);
    const news = this.output.take(this.#terminal.fd, at);
    // A line is news: its process may be about to end.
    if (news || at - this.#lookedAt >= LOOK_MS) this.#look(at);
  }

  /** Sets the reason to end the run, if a limit is met. */
  #checkLimits() {
    if (this.output.bytes > MOST_BYTES) {
      this.result.stopped = `printed more than ${MOST_BYTES / 1e6} MB`;
    } else if (this.#now > this.#options.timeoutMs) {
      const limit = this.#options.timeoutMs / 1000;
      this.result.stopped = `did not end within ${limit} s`;
    }
  }

  #look(at: number) {
    this.#lookedAt = at;
    this.watch.look(at);
  }

  /** Gives children that end after their parent the time to do so. */
  async #untilLeft(): Promise<void> {
    if (this.result.stopped) return;
    const latest = this.#now + LEAVING_MS;
    while (this.watch.running().length > 0 && this.#now < latest) {
      await this.#tick();
    }
    for (const pid of this.watch.running()) {
      const { command = "?" } = this.watch.processes.get(pid) ?? {};
      this.leftProcesses.push(`the process ${pid} (${command})`);
    }
  }

  /** Ends every process of the program. */
  async endAll(): Promise<void> {
    const latest = performance.now() + KILL_MS;
    for (;;) {
      const pids = this.watch.running().filter(isAlive);
      if (pids.length === 0 && this.#running <= 0) break;
      if (performance.now() > latest) break; // in state D: nothing ends it
      for (const pid of pids) sendSignal(pid, "SIGKILL");
      await delay(TICK_MS);
    }
    this.output.take(this.#terminal.fd, this.#now);
    this.output.end(this.#now);
  }

  [Symbol.dispose](): void {
    this.#guarded[Symbol.dispose]();
    this.#terminal[Symbol.dispose]();
  }
}

/** Why execve(2) has failed, in words. */
function whyNotStarted(error: Error): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "there is no such program";
    case "EACCES":
      return "its file is not executable";
    default:
      return error.message;
  }
}
