/**
 * The processes of the page: a producer and a consumer as in two shells, more
 * of them, or anybody's program.
 *
 * @module
 */
import { isExpected } from "../error.ts";
import { belongsTo } from "../observe/channel.ts";
import type { Entry } from "../observe/recording.ts";
import { Watcher } from "../observe/watcher.ts";
import { logEntry } from "../lab/recorder.ts";
import {
  mechanismNamed,
  PERMISSIONS,
  permissionsFor,
} from "../mechanism/mod.ts";
import { Pipe } from "../posix/pipe.ts";
import { Actor, type PageSignal } from "./actor.ts";
import type { RunOptions } from "./run_options.ts";

/** How many processes may run at once. */
const MOST_ACTORS = 8;

type Part = "producer" | "consumer";

/** Starts and ends processes, and tells what they do. */
export class Stage {
  readonly #tell: (entry: Entry) => void;
  /** The channel's name: pages on other ports have other channels. */
  readonly #name: string;
  #actors: Actor[] = [];
  #watcher?: Watcher;
  #run?: RunOptions;

  constructor(name: string, tell: (entry: Entry) => void) {
    this.#name = name;
    this.#tell = tell;
  }

  /** Starts a run; the one before has to be over, or ended. */
  start(run: RunOptions): void {
    this.#run = run;
    const wanted = belongsTo(run.via, this.#name);
    this.#watcher = new Watcher(this.#tell, wanted);
    if (run.via === "workers") return this.#startWorkers(run);
    if (run.via === "pipe") {
      using pipe = new Pipe(); // from now on, only the children hold its ends
      this.#startPart("consumer", run, { stdin: pipe.output });
      return this.#startPart("producer", run, { stdout: pipe.input });
    }
    const { first } = mechanismNamed(run.via);
    this.#startPart(first, run);
    this.#startPart(first === "producer" ? "consumer" : "producer", run);
  }

  /** Starts another process. @returns Why not, in one line. */
  startAnother(part: Part): string | undefined {
    const run = this.#run;
    if (!run) return "start a run first";
    if (run.via === "pipe") {
      return "a pipe has no name, so no other process can open it";
    }
    if (run.via === "workers") return "workers are started by their parent";
    if (this.#running.length >= MOST_ACTORS) {
      return `${MOST_ACTORS} processes run already`;
    }
    this.#startPart(part, run);
  }

  get #running(): Actor[] {
    return this.#actors.filter(({ isRunning }) => isRunning);
  }

  #startWorkers(run: RunOptions) {
    this.#add("workers", "lab", [
      ...["--via=workers", `--wait=${run.wait}`, `--retry=${run.retry}`],
      ...[`--count=${run.count}`, `--pause=${run.pause}`],
      `--interval=${run.interval}`,
      ...(run.capacity > 0 ? [`--capacity=${run.capacity}`] : []),
    ], {});
  }

  #startPart(
    part: Part,
    run: RunOptions,
    ends: { stdin?: number; stdout?: number } = {},
  ) {
    const before = this.#actors.filter((actor) => actor.part === part).length;
    const producing = part === "producer";
    this.#add(part, part, [
      ...[`--via=${run.via}`, `--name=${this.#name}`, `--wait=${run.wait}`],
      ...[`--retry=${run.retry}`, "--timeout=0"],
      ...(run.capacity > 0 ? [`--capacity=${run.capacity}`] : []),
      ...(run.calls ? ["--calls"] : []),
      // Another producer goes on where the last one was to end.
      ...(producing
        ? [
          ...["--control", `--count=${run.count}`, `--pause=${run.pause}`],
          `--from=${1 + before * run.count}`,
          `--interval=${run.interval}`,
          ...(run.priorities === "0" ? [] : [`--priorities=${run.priorities}`]),
        ]
        : ["--until-end"]),
    ], ends);
  }

  #add(
    part: string,
    script: string,
    flags: string[],
    { stdin, stdout }: { stdin?: number; stdout?: number },
  ) {
    const path = new URL(`../../scripts/${script}.ts`, import.meta.url);
    const permissions = part === "workers"
      ? ["--allow-read=.", "--allow-write=run", "--allow-run", "--allow-env"]
      : this.#run
      ? permissionsFor(mechanismNamed(this.#run.via))
      : [];
    const actor = new Actor({
      part,
      command: [
        ...[Deno.execPath(), "run", "--quiet", "--no-prompt"],
        ...[...new Set([...PERMISSIONS, ...permissions])],
        ...[decodeURIComponent(path.pathname), "--log=json", ...flags],
      ],
      stdin: stdin ?? (part === "producer" ? "pipe" : "ignore"),
      stdout: stdout ?? "ignore",
      stderr: "pipe",
      onLine: (line) => this.#tell(logEntry(line, actor.pid)),
      onEnd: (how) => this.#ended(actor, how),
    });
    this.#actors.push(actor);
    const logger = { producer: "process1", consumer: "process2" }[part];
    this.#tell({
      ...{ time: now(), event: "process", pid: actor.pid, part },
      logger: logger ?? "parent",
      command: `${script} ${flags.join(" ")}`,
    });
    this.#watcher?.add(actor.pid);
  }

  #ended(actor: Actor, how: string) {
    this.#watcher?.remove(actor.pid);
    this.#watcher?.look();
    this.#tell({ time: now(), event: "end", pid: actor.pid, how });
  }

  #find(pid: unknown): Actor | undefined {
    return this.#running.find((actor) => actor.pid === pid);
  }

  /** Sends a signal to a child of ours. @returns `false`: it is none. */
  signal(pid: unknown, signal: PageSignal): boolean {
    const actor = this.#find(pid);
    if (!actor?.signal(signal)) return false;
    this.#tell({ time: now(), event: "signal", pid: actor.pid, signal });
    return true;
  }

  /** Gives a producer a command of --control. @returns Did it take it? */
  tell(pid: unknown, command: string): boolean {
    return this.#find(pid)?.tell(command) ?? false;
  }

  /** Removes what killed processes have left. @returns What it was, in words. */
  async removeLeft(): Promise<string> {
    if (!this.#run) return "Nothing to remove: nothing has run";
    const { via } = this.#run;
    const { remove } = await mechanismNamed(via).load();
    const removed = await remove({ name: this.#name });
    return removed === undefined
      ? `Nothing to remove: no ${via} is called ${this.#name}`
      : `Removed ${removed}`;
  }

  /** Ends all processes, and removes what they leave. */
  async end(): Promise<void> {
    for (const actor of this.#actors) actor.kill();
    await Promise.all(this.#actors.map(({ ended }) => ended));
    this.#watcher?.[Symbol.dispose]();
    this.#watcher = undefined;
    try {
      if (this.#run) await this.removeLeft();
    } catch (error) {
      if (!isExpected(error)) throw error;
      // The next run must not wait for a server that has gone.
      const line = { level: "WARNING", logger: "remove", pid: Deno.pid };
      this.#tell({ time: now(), ...line, message: error.message });
    }
    this.#actors = [];
    this.#run = undefined;
  }
}

function now(): string {
  return new Date().toISOString();
}
