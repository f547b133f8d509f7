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
import { ProcessLog } from "./log.ts";
import type { CommandLine } from "./options.ts";
import type { WorkerJob, WorkerReport } from "./worker.ts";

/** Milliseconds for one to end by itself when the other has failed. */
const GRACE = 1000;

/** Milliseconds for the first value to be in the channel before process 2 is started. */
const PATIENCE = 3000;

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
  /** Asks it to end, and sees to it that it does. */
  end(): void;
}

/** Runs the experiment. @returns The exit code: the first that is not 0. */
export async function runLab(
  line: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  const { mechanism } = line.options;
  const log = new ProcessLog("parent");
  log.start();

  const { properties } = mechanism;
  const memory = mechanism.allocate?.(line.options);
  const start = properties.processes === "one" && memory
    ? (part: Part) => startWorker(part, line, memory)
    : (part: Part) => startProcess(part, line);
  // Sent first, read afterwards: so process 2 finds its first values waiting.
  // (A file may be empty, and then nothing would tell process 2 of the end.)
  using held = line.options.input === undefined
    ? mechanism.hold?.({ ...line.options, memory })
    : undefined;

  const children: Child[] = [];
  const endings: Promise<void>[] = [];
  let failure = 0; // the first exit code that is not 0: the others follow from it
  const endAll = (delay: number) => {
    const timer = setTimeout(() => children.forEach(({ end }) => end()), delay);
    Promise.all(endings).finally(() => clearTimeout(timer));
  };
  signal.addEventListener("abort", () => endAll(0));

  for (const { command, title } of PARTS) {
    if (failure || signal.aborted) break;
    const child = start(command);
    children.push(child);
    endings.push(child.ended.then(({ code, died }) => {
      if (code === 0 || failure || signal.aborted) return;
      failure = code;
      if (died !== undefined) log.error(`${title} ${died}`);
      // One that was killed cannot have told the other anything.
      endAll(died === undefined ? GRACE : 0);
    }));
    for (let ms = 0; held && !failure && ms < PATIENCE; ms += 10) {
      if (held.filled()) break;
      await delay(10);
    }
  }
  await Promise.all(endings);
  if (failure || signal.aborted) {
    await mechanism.remove(line.options); // the dead cannot tidy up
  }
  signal.throwIfAborted();
  return failure;
}

function startProcess(
  part: Part,
  { options, argumentsFor }: CommandLine,
): Child {
  const script = new URL(`../scripts/${part}.ts`, import.meta.url).pathname;
  const args = argumentsFor(part);
  const producing = part === "producer";
  if (!producing && options.input !== undefined && !options.untilEnd) {
    args.push("--until-end"); // nobody knows how many lines there are
  }
  // Two progress bars on one terminal would write over each other.
  const relay = producing && options.quiet;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...options.mechanism.permissions, script, ...args],
    stdin: producing ? "inherit" : "null",
    stdout: "inherit",
    stderr: relay ? "piped" : "inherit",
  }).spawn();
  const relayed = relay ? relayLines(child.stderr) : undefined;
  return {
    ended: child.status.then(async ({ code, signal }) => {
      await relayed;
      return signal === null
        ? { code }
        : { code: 1, died: `was ended by ${signal}, Pid ${child.pid}` };
    }),
    end: () => endProcess(child),
  };
}

async function relayLines(stream: ReadableStream<Uint8Array>): Promise<void> {
  const lines = stream
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const encoder = new TextEncoder();
  for await (const line of lines) {
    Deno.stderr.writeSync(encoder.encode(line + "\n"));
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
  const untilEnd = options.untilEnd || options.input !== undefined;
  const job: WorkerJob = {
    part,
    via: mechanism.name,
    memory,
    options: { ...options, untilEnd },
  };
  worker.postMessage(job);
  return { ended, end: () => finish({ code: 1 }) };
}
