/**
 * What the parent does: it starts process 1 and process 2, and waits for both.
 *
 * If the mechanism joins processes, the two are processes, started as by hand;
 * if it joins workers, the two are workers of this process.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { KeptOpen } from "../channel/mod.ts";
import { SIGNAL_MS } from "../cli/command.ts";
import { ProcessLog } from "../cli/log.ts";
import type { CommandLine } from "../cli/command_line.ts";
import { isErrorFull, writeError } from "../cli/standard_error.ts";
import { LabError } from "../error.ts";
import { PERMISSIONS } from "../mechanism/mod.ts";
import { Pipe } from "../posix/pipe.ts";
import {
  type Child,
  denoArguments,
  type Ending,
  startProcess,
  startWorker,
} from "./child.ts";
import { Output } from "./output.ts";
import { CONSUMER, type LabOptions, PRODUCER } from "./flags.ts";
import type { WorkerJob } from "./worker.ts";

/** How long (ms) a child may take to end by itself if the other has failed. */
const GRACE_MS = 1000;
/** How often (ms) the parent checks whether the first child is ready. */
const READY_MS = 10;
/** How often (ms) the parent checks whether standard error has room again. */
const FULL_MS = 5;

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
  const log = new ProcessLog("parent");
  log.start();
  if (output !== undefined) Output.check(output);

  const { allocate, inspect, keepOpen, remove } = await mechanism.load();
  const memory = allocate?.(options);
  using kept = keepOpen?.({ ...options, memory });
  if (kept?.ready()) {
    throw new LabError(
      `Cannot start as messages of an earlier run lie in the ${mechanism.name}: ` +
        `deno task remove --via=${mechanism.name}, or choose another --name`,
    );
  }
  using pipe = mechanism.name === "pipe" ? new Pipe() : undefined;
  const run = new Run(line, log, { signal, memory, pipe, kept });
  signal.addEventListener("abort", () => run.endAll(0));
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
  signal: AbortSignal;
  memory?: SharedArrayBuffer;
  pipe?: Pipe;
  kept?: KeptOpen;
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
    while (kept && !kept.ready() && !over) await delay(READY_MS);
    return !(over && kept && !kept.ready());
  }

  /** @param nothing Is there nothing to read? */
  start(part: Part, nothing: boolean): Promise<Ending> {
    const child = this.#shared.memory
      ? startWorkerFor(part, this.#line, this.#shared.memory, nothing)
      : this.#startProcess(part, nothing);
    this.#children.push(child);
    const ending = child.ended.then(async (ending) => {
      // Ctrl-C ends parent and children, perhaps a child first: no failure.
      if (ending.code !== 0) await delay(SIGNAL_MS);
      this.#take(part, child, ending);
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

  #take(part: Part, { pid }: Child, { code, died }: Ending) {
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
      this.#shared.kept?.ready();
    // A killed child could tell the other one nothing: end that one at once.
    if (!readable) this.endAll(died === undefined ? GRACE_MS + 2 * retry : 0);
  }

  #startProcess(part: Part, nothing: boolean): Child {
    const { options } = this.#line;
    const { pipe, signal } = this.#shared;
    const producing = part === "producer";
    const process = {
      script: new URL(`../../scripts/${part}.ts`, import.meta.url),
      args: argumentsOf(part, this.#line, nothing),
      permissions: PERMISSIONS,
      stdin: producing ? "inherit" : pipe?.output ?? "ignore",
      stdout: producing && pipe ? pipe.input : "inherit",
      // Two progress bars on one terminal would write over each other.
      onError: producing && options.quiet
        ? (pieces: AsyncIterable<Uint8Array>) => relayLines(pieces, signal)
        : undefined,
    } as const;
    const command = denoArguments(process).join(" ");
    this.#log.debug(`Starting ${part}: deno ${command}`);
    return startProcess(process);
  }
}

/** A child's flags. */
function argumentsOf(
  part: Part,
  { options, argumentsFor }: CommandLine<LabOptions>,
  nothing: boolean,
): string[] {
  const parent = `--parent=${Deno.pid}`;
  if (part === "producer") return [...argumentsFor(PRODUCER), parent];
  // The lab's interval is the producer's; --until-end is decided below.
  const args = [...argumentsFor(CONSUMER, ["interval", "until-end"]), parent];
  if (options.sync) args.push("--format=header");
  // A consumer that starts after the end would wait for it in vain.
  if (nothing) args.push("--count=0");
  else if (options.untilEnd || options.input !== undefined) {
    args.push("--until-end");
  }
  return args;
}

async function relayLines(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const lines = ReadableStream.from(pieces)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    writeError(line);
    while (isErrorFull() && !signal.aborted) await delay(FULL_MS);
  }
}

function startWorkerFor(
  part: Part,
  { options: { mechanism, ...options } }: CommandLine<LabOptions>,
  memory: SharedArrayBuffer,
  nothing: boolean,
): Child {
  const consuming = part === "consumer";
  const job: WorkerJob = {
    part,
    via: mechanism.name,
    memory,
    options: {
      ...options,
      interval: consuming ? 0 : options.interval,
      count: consuming && nothing ? 0 : options.count,
      untilEnd: !nothing && (options.untilEnd || options.input !== undefined),
    },
  };
  return startWorker(new URL("./worker.ts", import.meta.url), part, job);
}
