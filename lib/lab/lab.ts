/**
 * The parent's story: start process 1 and process 2, wait for both.
 *
 * Where the mechanism joins processes, the two are processes, started as one
 * would by hand; where it joins workers, they are workers of this process.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { TextLineStream } from "@std/streams/text-line-stream";
import { errorCode, LabError } from "../error.ts";
import { ProcessLog } from "../cli/log.ts";
import type { CommandLine } from "../cli/options.ts";
import { PERMISSIONS } from "../mechanism/mod.ts";
import { Output } from "./output.ts";
import type { WorkerJob, WorkerReport } from "./worker.ts";

/** Milliseconds for one to end by itself when the other has failed. */
const GRACE = 1000;

/** The two children. */
const PARTS = [
  { command: "producer", title: "Process 1 (the producer)" },
  { command: "consumer", title: "Process 2 (the consumer)" },
] as const;

type Part = typeof PARTS[number]["command"];

/** An exit code and, in words, how a child died, if it did. */
interface Ending {
  code: number;
  died?: string;
}

/** A child that runs. */
interface Child {
  ended: Promise<Ending>;
  /** The process, if it is one. */
  process?: Deno.ChildProcess;
  /** Asks it to end, and sees to it that it does. */
  end(): void;
}

/** Runs the experiment. @returns The exit code: the first that is not 0. */
export async function runLab(
  line: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  const { mechanism, input, output, retry } = line.options;
  const log = new ProcessLog("parent");
  log.start();
  if (output !== undefined) Output.check(output);

  const { allocate, hold, remove } = await mechanism.load();
  const memory = allocate?.(line.options);
  const children: Child[] = [];
  const start = (part: Part) =>
    memory
      ? startWorker(part, line, memory, nothing)
      : startProcess(part, line, log, nothing, children[0]?.process);
  // Sent first, read afterwards: so process 2 finds its first values waiting.
  const consumerFirst = mechanism.first === "consumer";
  using held = hold?.({ ...line.options, memory });
  if (held?.ready()) {
    throw new LabError(
      `Cannot start as messages of an earlier run lie in the ${mechanism.name}: ` +
        `deno task remove --via=${mechanism.name}, or choose another --name`,
    );
  }
  let nothing = false; // was there nothing to send?

  const endings: Promise<void>[] = [];
  let failure = 0; // the first exit code that is not 0
  let broken = false; // is one gone that the other cannot do without?
  const endAll = (delay: number) => {
    broken = true;
    const timer = setTimeout(() => children.forEach(({ end }) => end()), delay);
    Promise.all(endings).finally(() => clearTimeout(timer));
  };
  signal.addEventListener("abort", () => endAll(0));

  for (
    const { command, title } of consumerFirst ? PARTS.toReversed() : PARTS
  ) {
    if (broken) break;
    const child = start(command);
    children.push(child);
    let over = false;
    endings.push(child.ended.then(({ code, died }) => {
      over = true;
      if (code === 0 || broken) return;
      failure ||= code;
      if (died !== undefined) log.error(`${title} ${died}`);
      else if (code > 128) log.error(`${title} ended with exit code ${code}`);
      // What a file's good lines are, process 2 can read to their end.
      const readable = command === "producer" && died === undefined &&
        input !== undefined && !consumerFirst && held?.ready();
      // One that was killed cannot have told the other anything.
      if (!readable) endAll(died === undefined ? GRACE + 2 * retry : 0);
    }));
    while (held && !held.ready() && !over) await delay(10);
    nothing = over && held !== undefined && !held.ready();
  }
  await Promise.all(endings);
  if (failure || signal.aborted) {
    await remove(line.options); // the dead cannot tidy up
  }
  signal.throwIfAborted();
  return failure;
}

/**
 * @param nothing Is there nothing to read? A consumer that comes after the end
 * would wait for it in vain.
 * @param first The other one, if it runs already.
 */
function startProcess(
  part: Part,
  { options, argumentsFor }: CommandLine,
  log: ProcessLog,
  nothing: boolean,
  first?: Deno.ChildProcess,
): Child {
  const { mechanism, quiet } = options;
  const script = new URL(`../../scripts/${part}.ts`, import.meta.url).pathname;
  const producing = part === "producer";
  const untilEnd = options.untilEnd || options.input !== undefined;
  const args = argumentsFor(part).filter((flag) => flag !== "--until-end");
  if (!producing && options.sync) args.push("--format=header");
  if (!producing && nothing) args.push("--count=0");
  else if (!producing && untilEnd) args.push("--until-end");
  const deno = Deno.execPath();
  const permissions = new Set(PERMISSIONS);
  if (options.output !== undefined) permissions.add("--allow-write=run");
  // No question: it would keep everything waiting, Ctrl-C too.
  const command = ["run", "--no-prompt", ...permissions, script, ...args];
  log.debug(`Starting ${part}: deno ${command.join(" ")}`);
  const piped = mechanism.properties.openedBy === "parent";
  // Two progress bars on one terminal would write over each other.
  const relay = producing && quiet;
  const common = {
    stdout: "inherit",
    stderr: relay ? "piped" : "inherit",
  } as const;
  const process = producing && piped && first
    // Opened through /proc, a pipe's other end is another end of the same pipe:
    // the two share it, and we relay nothing.
    ? new Deno.Command("sh", {
      args: [
        "-c",
        'exec "$@" > "/proc/$0/fd/0"',
        String(first.pid),
        deno,
        ...command,
      ],
      stdin: "inherit",
      ...common,
    }).spawn()
    : new Deno.Command(deno, {
      args: command,
      stdin: producing ? "inherit" : piped ? "piped" : "null",
      ...common,
    }).spawn();
  const relayed = relay ? relayLines(process.stderr) : undefined;
  return {
    process,
    ended: process.status.then(async ({ code, signal }) => {
      await relayed;
      // We have held the pipe open for the producer: now it may end.
      if (producing && piped) await first?.stdin.close().catch(() => {});
      return signal === null
        ? { code }
        : { code: 1, died: `was ended by ${signal}, Pid ${process.pid}` };
    }),
    end: () => endProcess(process),
  };
}

async function relayLines(stream: ReadableStream<Uint8Array>): Promise<void> {
  const lines = stream
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const encoder = new TextEncoder();
  for await (const line of lines) {
    try {
      Deno.stderr.writeSync(encoder.encode(line + "\n"));
    } catch (error) {
      if (errorCode(error) !== "EPIPE") throw error; // nobody listens: go on
    }
  }
}

function endProcess(child: Deno.ChildProcess): void {
  const kill = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  };
  kill("SIGTERM");
  kill("SIGCONT"); // stopped, it would hear nothing
  const last = setTimeout(() => kill("SIGKILL"), GRACE);
  child.status.finally(() => clearTimeout(last));
}

function startWorker(
  part: Part,
  { options: { mechanism, ...options } }: CommandLine,
  memory: SharedArrayBuffer,
  nothing: boolean,
): Child {
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  const worker = new Worker(import.meta.resolve("./worker.ts"), {
    type: "module",
    name: part,
  });
  const finish = (ending: Ending) => {
    worker.terminate();
    resolve(ending);
  };
  worker.onmessage = ({ data }: MessageEvent<WorkerReport>) =>
    finish({ code: data });
  worker.onerror = (event) => {
    event.preventDefault();
    finish({ code: 1, died: `has failed: ${event.message}` });
  };
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
  worker.postMessage(job);
  return { ended, end: () => finish({ code: 1 }) };
}
