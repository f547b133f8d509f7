/**
 * Children: processes that run one of our scripts, and workers.
 *
 * @module
 */
// Deno.Command cannot hand a descriptor of ours to a child; spawn() can.
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { reason } from "../error.ts";
import { guardGroup } from "./guard.ts";

/** How a child has ended. */
export interface Ending {
  /** The exit code; 1 if a signal ended the child. */
  code: number;
  /** How it ended, in words, if it did not exit by itself. */
  died?: string;
}

/** A running child. */
export interface Child {
  /** The process id; a worker has none, because it shares ours. */
  pid?: number;
  /** Its standard input, if that is a pipe from us. */
  input?: Writable;
  ended: Promise<Ending>;
  /** Asks it to end, and kills it if it does not. */
  end(): void;
  /** Ends it at once, as kill -9 does. */
  kill(): void;
}

/** What a child process runs, and where its input and output lead. */
export interface ProcessOptions {
  script: URL;
  args: string[];
  /** Flags of `deno run`. */
  permissions: readonly string[];
  /**
   * One of our descriptors, our own input, a pipe from us, or nothing.
   *
   * @default {"ignore"}
   */
  stdin?: number | "inherit" | "pipe" | "ignore";
  /** @default {"ignore"} */
  stdout?: number | "inherit" | "ignore";
  /** Reads its standard error. @default the child writes to ours */
  onError?: (pieces: AsyncIterable<Uint8Array>, pid: number) => Promise<void>;
  /**
   * Make it the first of a new process group, as a shell does with a job. The
   * group is killed if this process ends before it, even by kill -9.
   */
  newGroup?: boolean;
}

/** How long (ms) a child may take to end by itself when it is asked to. */
const GRACE_MS = 1000;

/** Starts a process. */
export function startProcess(options: ProcessOptions): Child {
  const { stdin = "ignore", stdout = "ignore", onError, newGroup } = options;
  const process = spawn(Deno.execPath(), denoArguments(options), {
    stdio: [stdin, stdout, onError ? "pipe" : "inherit"],
    detached: newGroup,
  });
  process.stdin?.on("error", () => {}); // EPIPE: `ended` says how it ended
  const relayed = process.stderr && onError?.(process.stderr, process.pid ?? 0);
  const { promise: over, resolve } = Promise.withResolvers<Ending>();
  process.on("exit", (code, signal) => {
    resolve(
      signal === null
        ? { code: code ?? 1 }
        : { code: 1, died: `was ended by ${signal}` },
    );
  });
  process.on("error", (error) => {
    resolve({ code: 1, died: `could not be started: ${reason(error)}` });
  });
  const ended = over.then(async (ending) => {
    await relayed;
    return ending;
  });
  let running = process.pid !== undefined;
  over.then(() => running = false);
  if (newGroup && process.pid !== undefined) {
    const guarded = guardGroup(process.pid);
    over.then(() => guarded[Symbol.dispose]());
  }
  const send = (signal: Deno.Signal) => {
    if (running && process.pid) sendSignal(process.pid, signal);
  };
  return {
    pid: process.pid,
    input: process.stdin ?? undefined,
    ended,
    end() {
      send("SIGTERM");
      send("SIGCONT"); // a stopped process takes SIGTERM only now
      const last = setTimeout(() => send("SIGKILL"), GRACE_MS);
      over.then(() => clearTimeout(last));
    },
    kill: () => send("SIGKILL"),
  };
}

/**
 * Sends a signal to a child. The `kill()` of a child of node:child_process
 * sends its first signal alone, in Deno 2.9.
 *
 * @returns `false`: it has ended.
 */
export function sendSignal(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The arguments of `deno` on the command line. */
export function denoArguments(
  { script, args, permissions }: ProcessOptions,
): string[] {
  // --no-prompt: while Deno asks at the terminal, even Ctrl-C has to wait.
  return [
    "run",
    "--quiet",
    "--no-prompt",
    ...permissions,
    fromFileUrl(script),
    ...args,
  ];
}

/** The path of a file URL, decoded: a URL writes a space as `%20`. */
function fromFileUrl({ pathname }: URL): string {
  return decodeURIComponent(pathname);
}

/**
 * Starts a worker. It receives `job`, and posts its exit code when it ends.
 *
 * @param script As in `new URL("./worker.ts", import.meta.url)`.
 * @param onLine Takes the lines of its log, if it posts them.
 */
export function startWorker(
  script: URL,
  name: string,
  job: unknown,
  onLine?: (line: string) => void,
): Child {
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  const worker = new Worker(script, { type: "module", name });
  const finish = (ending: Ending) => {
    worker.terminate();
    resolve(ending);
  };
  worker.onmessage = ({ data }: MessageEvent<number | string>) => {
    if (typeof data === "string") onLine?.(data);
    else finish({ code: data });
  };
  worker.onerror = (event) => {
    event.preventDefault();
    finish({ code: 1, died: `has failed: ${event.message}` });
  };
  worker.postMessage(job);
  const end = () => finish({ code: 1, died: "was ended" });
  return { ended, end, kill: end };
}
