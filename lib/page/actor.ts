/**
 * One process that the page has started.
 *
 * @module
 */
// Deno.Command cannot hand a descriptor of ours to a child; spawn() can.
import { spawn } from "node:child_process";
import { sendSignal } from "../lab/child.ts";
import { TextLineStream } from "@std/streams/text-line-stream";

/** What the page may send to its processes. */
export const SIGNALS = [
  "SIGKILL",
  "SIGSTOP",
  "SIGCONT",
  "SIGINT",
  "SIGTERM",
] as const;

/** One of {@linkcode SIGNALS}. */
export type PageSignal = typeof SIGNALS[number];

/** What to start. */
export interface ActorOptions {
  /** `producer`, `consumer`, `workers` or `program`. */
  part: string;
  command: readonly string[];
  stdin: number | "pipe" | "ignore";
  stdout: number | "ignore";
  stderr: number | "pipe";
  /** Takes each line of its standard error, if that is a pipe. */
  onLine?(line: string): void;
  onEnd(how: string): void;
}

/** A running child. */
export class Actor {
  readonly part: string;
  readonly pid: number;
  /** Resolves when it has ended and all its lines were read. */
  readonly ended: Promise<void>;
  #running = true;
  readonly #child: ReturnType<typeof spawn>;

  constructor({ part, command, onLine, onEnd, ...ends }: ActorOptions) {
    this.part = part;
    // It ends with us, whatever ends us: even stopped, and even by kill -9.
    const [program, ...args] = ["setpriv", "--pdeathsig", "KILL", ...command];
    this.#child = spawn(program, args, {
      stdio: [ends.stdin, ends.stdout, ends.stderr],
    });
    this.pid = this.#child.pid ?? 0;
    const over = Promise.withResolvers<string>();
    this.#child.on("exit", (code, signal) => {
      over.resolve(signal ?? `exit code ${code}`);
    });
    this.#child.on("error", ({ message }) => {
      over.resolve(`could not be started: ${message}`);
    });
    // A child that has ended takes no command any more: no error of ours.
    this.#child.stdin?.on("error", () => {});
    const reading = this.#child.stderr
      ? readLines(this.#child.stderr, onLine)
      : undefined;
    this.ended = over.promise.then(async (how) => {
      this.#running = false;
      await reading;
      onEnd(how);
    });
  }

  get isRunning(): boolean {
    return this.#running;
  }

  /** @returns `false`: it has ended before. */
  signal(signal: PageSignal): boolean {
    return this.#running && this.pid > 0 && sendSignal(this.pid, signal);
  }

  /** Writes a line to its standard input. @returns Does it take commands? */
  tell(command: string): boolean {
    if (!this.#running || !this.#child.stdin) return false;
    this.#child.stdin.write(command + "\n");
    return true;
  }

  /** Ends it at once, even if it is stopped. */
  kill(): void {
    this.signal("SIGKILL");
  }
}

async function readLines(
  pieces: AsyncIterable<Uint8Array>,
  onLine?: (line: string) => void,
): Promise<void> {
  const lines = ReadableStream.from(pieces)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) onLine?.(line);
}
