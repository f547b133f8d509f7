/**
 * Children: processes that run one of our scripts, and workers.
 *
 * @module
 */
// Deno.Command cannot hand a descriptor of ours to a child, and this can.
import { spawn } from "node:child_process";

/** How a child has ended. */
export interface Ending {
  /** Exit code; 1 where it was ended by a signal. */
  code: number;
  /** How it died, in words, where it did not exit by itself. */
  died?: string;
}

/** A child that runs. */
export interface Child {
  /** Of a process; workers share ours. */
  pid?: number;
  ended: Promise<Ending>;
  /** Asks it to end, and sees to it that it does. */
  end(): void;
  /** Ends it at once, as kill -9 does. */
  kill(): void;
}

/** What a child process is and where its input and output lead. */
export interface ProcessOptions {
  script: URL;
  args: string[];
  /** Flags of `deno run`. */
  permissions: readonly string[];
  /** A descriptor of ours, the same as ours, or nothing. @default {"ignore"} */
  stdin?: number | "inherit" | "ignore";
  /** @default {"ignore"} */
  stdout?: number | "inherit" | "ignore";
  /** Takes what it writes to standard error. @default it goes to ours */
  onError?: (pieces: AsyncIterable<Uint8Array>) => Promise<void>;
}

/** How long (ms) a child may take to end by itself when it is asked to. */
const GRACE_MS = 1000;

/** Starts a process. */
export function startProcess(options: ProcessOptions): Child {
  const { stdin = "ignore", stdout = "ignore", onError } = options;
  const process = spawn(Deno.execPath(), denoArguments(options), {
    stdio: [stdin, stdout, onError ? "pipe" : "inherit"],
  });
  const relayed = process.stderr && onError?.(process.stderr);
  const { promise: over, resolve } = Promise.withResolvers<Ending>();
  process.on("exit", (code, signal) => {
    resolve(
      signal === null
        ? { code: code ?? 1 }
        : { code: 1, died: `was ended by ${signal}` },
    );
  });
  process.on("error", ({ message }) => {
    resolve({ code: 1, died: `could not be started: ${message}` });
  });
  const ended = over.then(async (ending) => {
    await relayed;
    return ending;
  });
  return {
    pid: process.pid,
    ended,
    end() {
      process.kill("SIGTERM");
      process.kill("SIGCONT"); // a stopped process would not hear the other one
      const last = setTimeout(() => process.kill("SIGKILL"), GRACE_MS);
      over.then(() => clearTimeout(last));
    },
    kill: () => void process.kill("SIGKILL"),
  };
}

/** What comes after `deno` on the command line. */
export function denoArguments(
  { script, args, permissions }: ProcessOptions,
): string[] {
  // --no-prompt: a question would keep everything waiting, Ctrl-C too.
  return [
    "run",
    "--quiet",
    "--no-prompt",
    ...permissions,
    fromFileUrl(script),
    ...args,
  ];
}

/** The path of a file: in a URL, a space and the like are written otherwise. */
function fromFileUrl({ pathname }: URL): string {
  return decodeURIComponent(pathname);
}

/**
 * Starts a worker. It is given `job`, and answers with its exit code.
 *
 * @param script As in `new URL("./worker.ts", import.meta.url)`.
 */
export function startWorker(script: URL, name: string, job: unknown): Child {
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  const worker = new Worker(script, { type: "module", name });
  const finish = (ending: Ending) => {
    worker.terminate();
    resolve(ending);
  };
  worker.onmessage = ({ data }: MessageEvent<number>) => finish({ code: data });
  worker.onerror = (event) => {
    event.preventDefault();
    finish({ code: 1, died: `has failed: ${event.message}` });
  };
  worker.postMessage(job);
  const end = () => finish({ code: 1, died: "was ended" });
  return { ended, end, kill: end };
}
