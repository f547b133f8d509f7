/**
 * What the parent does: it starts process 1 and process 2, and waits for both.
 *
 * If the mechanism joins processes, the two are processes, started as by hand;
 * if it joins workers, the two are workers of this process.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { KeptOpen } from "../channel/mod.ts";
import { SIGNAL_MS } from "../cli/command.ts";
import { ProcessLog } from "../cli/log.ts";
import type { CommandLine } from "../cli/command_line.ts";
import { LabError } from "../error.ts";
import { removeHint } from "../mechanism/address.ts";
import { permissionsFor } from "../mechanism/mod.ts";
import { Pipe } from "../posix/pipe.ts";
import { openInTime } from "../wait/open.ts";
import {
  type Child,
  denoArguments,
  type Ending,
  type ProcessOptions,
  startProcess,
  startWorker,
} from "./child.ts";
import { Output } from "./output.ts";
import { argumentsOf } from "./child_arguments.ts";
import type { LabOptions } from "./flags.ts";
import { Recorder } from "./recorder.ts";
import type { WorkerJob } from "./worker.ts";

/** How long (ms) a child may take to end by itself if the other has failed. */
const GRACE_MS = 1000;
/** How often (ms) the parent checks whether the first child is ready. */
const READY_MS = 10;

const TITLES = {
  producer: "Process 1 (the producer)",
  consumer: "Process 2 (the consumer)",
} as const;

type Part = keyof typeof TITLES;

/** Runs the experiment. @returns The first exit code that is not 0, or 0. */
export async function runLab(
  line: CommandLine<LabOptions>,
  signal: AbortSignal,
): Promise<number> {
  const { options } = line;
  const { mechanism, output } = options;
  using recorder = Recorder.of(options);
  const log = new ProcessLog("parent");
  log.start();
  if (output !== undefined) Output.check(output);

  const { allocate, inspect, keepOpen, remove } = await mechanism.load();
  const memory = allocate?.(options);
  const { timeout } = options;
  await using kept = keepOpen && await openInTime(
    () => keepOpen({ ...options, memory }),
    { timeout, signal },
  );
  if (await kept?.ready()) {
    throw new LabError(
      `Cannot start as messages of an earlier run lie in the ${mechanism.name}: ` +
        `${
          removeHint(mechanism.name, { ...options, server: mechanism.server })
        }, or choose another --name`,
    );
  }
  using pipe = mechanism.name === "pipe" ? new Pipe() : undefined;
  const shared = { memory, pipe, kept, recorder };
  const run = new Run(line, log, shared);
  signal.addEventListener("abort", () => run.endAll(0));
  signal.throwIfAborted(); // no event comes for an earlier Ctrl-C
  // The producer sends before the consumer starts, where the mechanism allows
  // it: so process 2 finds its first values waiting.
  const second = mechanism.first === "producer" ? "consumer" : "producer";
  const nothing = !await run.startFirst(mechanism.first);
  if (!run.broken) run.start(second, nothing);
  pipe?.[Symbol.dispose](); // now only the children hold its ends
  await run.over();
  if (run.failure !== 0 || signal.aborted) {
    // Killed children leave the channel behind. It stays if others use it.
    const others = await inspect?.(options);
    if (!others?.sender && !others?.receiver) await remove(options);
  }
  signal.throwIfAborted();
  return run.failure;
}

/** What the children share. */
interface Shared {
  memory?: SharedArrayBuffer;
  pipe?: Pipe;
  kept?: KeptOpen;
  recorder?: Recorder;
}

/** The two children, and how they have ended. */
class Run {
  /** The first exit code that is not 0. */
  failure = 0;
  /** Did a child end that the other one needs? Then both end. */
  broken = false;
  readonly #line: CommandLine<LabOptions>;
  readonly #log: ProcessLog;
  readonly #shared: Shared;
  readonly #children: Child[] = [];
  readonly #endings: Promise<Ending>[] = [];

  constructor(line: CommandLine<LabOptions>, log: ProcessLog, shared: Shared) {
    this.#line = line;
    this.#log = log;
    this.#shared = shared;
  }

  /**
   * Starts the first child, and waits until it is ready for the second.
   *
   * @returns `false` if it has ended and left nothing for the second.
   */
  async startFirst(part: Part): Promise<boolean> {
    const { kept } = this.#shared;
    let over = false;
    this.start(part, false).then(() => over = true);
    while (kept && !await kept.ready() && !over) await delay(READY_MS);
    return !(over && kept && !await kept.ready());
  }

  /** @param nothing Is there nothing to read? */
  start(part: Part, nothing: boolean): Promise<Ending> {
    const { memory, recorder } = this.#shared;
    const child = memory
      ? startWorkerFor(part, this.#line, memory, nothing, recorder)
      : this.#startProcess(part, nothing);
    this.#children.push(child);
    const ending = child.ended.then(async (ending) => {
      if (child.pid !== undefined) {
        recorder?.ended(child.pid, ending.died ?? `exit code ${ending.code}`);
      }
      // Ctrl-C ends parent and children, perhaps a child first: no failure.
      if (ending.code !== 0) await delay(SIGNAL_MS);
      await this.#take(part, child, ending);
      return ending;
    });
    this.#endings.push(ending);
    return ending;
  }

  /** Resolves when all children have ended. */
  async over(): Promise<void> {
    await Promise.all(this.#endings);
  }

  /** Ends all children. @param graceMs First they may end by themselves. */
  endAll(graceMs: number): void {
    this.broken = true;
    const end = () => this.#children.forEach((child) => child.end());
    const timer = setTimeout(end, graceMs);
    this.over().finally(() => clearTimeout(timer));
  }

  async #take(part: Part, { pid }: Child, { code, died }: Ending) {
    if (code === 0 || this.broken) return;
    this.failure ||= code;
    const id = pid === undefined ? "" : `, Pid ${pid}`;
    if (died !== undefined) this.#log.error(`${TITLES[part]} ${died}${id}`);
    else if (code > 128) {
      this.#log.error(`${TITLES[part]} ended with exit code ${code}`);
    }
    const { mechanism, input, retry } = this.#line.options;
    // Process 2 can still read all good lines of the file.
    const readable = part === "producer" && died === undefined &&
      input !== undefined && mechanism.first === "producer" &&
      await this.#shared.kept?.ready();
    // A killed child could tell the other one nothing: end that one at once.
    if (!readable) this.endAll(died === undefined ? GRACE_MS + 2 * retry : 0);
  }

  #startProcess(part: Part, nothing: boolean): Child {
    const { options } = this.#line;
    const { pipe, recorder } = this.#shared;
    const producing = part === "producer";
    const args = argumentsOf(part, this.#line, nothing);
    const process: ProcessOptions = {
      script: new URL(`../../scripts/${part}.ts`, import.meta.url),
      args,
      permissions: permissionsFor(options.mechanism),
      stdin: producing ? "inherit" : pipe?.output ?? "ignore",
      stdout: producing && pipe ? pipe.input : "inherit",
      onError: recorder && ((pieces, pid) => recorder.takeLines(pieces, pid)),
    };
    const command = denoArguments(process).join(" ");
    this.#log.debug(`Starting ${part}: deno ${command}`);
    const child = startProcess(process);
    if (child.pid !== undefined) {
      recorder?.started(child.pid, part, `${part} ${args.join(" ")}`);
    }
    return child;
  }
}

function startWorkerFor(
  part: Part,
  { options: { mechanism, ...options } }: CommandLine<LabOptions>,
  memory: SharedArrayBuffer,
  nothing: boolean,
  recorder?: Recorder,
): Child {
  const consuming = part === "consumer";
  const job: WorkerJob = {
    part,
    via: mechanism.name,
    memory,
    postLog: recorder !== undefined,
    options: {
      ...options,
      interval: consuming ? 0 : options.interval,
      count: consuming && nothing ? 0 : options.count,
      untilEnd: !nothing && (options.untilEnd || options.input !== undefined),
    },
  };
  const script = new URL("./worker.ts", import.meta.url);
  return startWorker(script, part, job, (line) => recorder?.takeLine(line));
}
