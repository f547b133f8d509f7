/**
 * What every script does around its work: it reads the flags, listens for
 * Ctrl-C, logs an error in one line, and turns it into an exit code.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Mechanism } from "../channel/mod.ts";
import {
  errorCode,
  isExpected,
  LabError,
  reason as reasonOf,
  UsageError,
} from "../error.ts";
import { available } from "../posix/available.ts";
import { type CommandLine, readCommandLine } from "./command_line.ts";
import type { Command, CommonOptions } from "./define.ts";
import { help } from "./help.ts";
import { checkPermissions, giveBackNetwork } from "./permissions.ts";

/** Exit codes as in a shell: 128 and the signal's number, signal(7). */
const SIGNALS = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/**
 * How late (ms) Ctrl-C may reach us after it has ended another process of the
 * same command line. An error in between is its consequence.
 */
export const SIGNAL_MS = 150;

/** How soon (ms) a write to a full, non-blocking standard output is retried. */
const FULL_MS = 5;

/** How long (ms) the last lines of an interrupted process may take. */
const LAST_LINES_MS = 500;

/** A signal told us to end. */
class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super("Interrupted");
  }
}

/**
 * Runs a command from its flags to its exit code. The log and the work are
 * loaded only when they are needed, so that `--help` answers at once.
 *
 * @param logName The name in the log: the `process1` of `INFO:process1:...`.
 * @param work What the command does; it returns the exit code.
 */
export async function runCommand<Options extends CommonOptions>(
  command: Command<Options>,
  logName: string,
  work: (line: CommandLine<Options>, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const interruption = new AbortController();
  const { signal } = interruption;
  const name = nameIn(Deno.args, command) ?? logName;
  let options: CommonOptions | undefined;
  try {
    await listenTo(interruption);
    const line = readCommandLine(command, Deno.args);
    if (line.options.help) {
      await print(help(command));
      return 0;
    }
    const { ProcessLog, startLog } = await import("./log.ts");
    options = line.options;
    const { log: format, verbose, calls, mechanism, timeout } = options;
    startLog({ format, verbose, calls });
    if (calls) {
      const { traceCalls } = await import("../posix/trace.ts");
      const log = new ProcessLog(name);
      traceCalls((call) => log.call({ ...call }));
    }
    checkPermissions(command.name, mechanism);
    if (mechanism) {
      giveBackNetwork(mechanism);
      checkAvailable(mechanism);
    }
    const code = await work(line, signal);
    signal.throwIfAborted(); // work that had nothing to wait for
    const { errorWritten } = await import("./standard_error.ts");
    await errorWritten({ timeout, signal });
    return code;
  } catch (error) {
    if (!(error instanceof UsageError)) await delay(SIGNAL_MS);
    const { aborted, reason } = signal;
    if (!options) await startEarlyLog();
    const code = await failed(aborted ? reason : error, name);
    return await lastLines(code, signal, options?.timeout);
  }
}

/** Turns signals into an abort, and SIGXFSZ into an error of write(2). */
async function listenTo(interruption: AbortController): Promise<void> {
  const { ignore, isIgnored } = await import("../posix/signal.ts");
  const all = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  // nohup(1) starts us with SIGHUP ignored, and so it has to stay. We can ask
  // only with the permission to call the C library.
  const inC = available() === true;
  const ignored = inC ? all.filter(isIgnored) : [];
  for (const signal of all) {
    const reason = new Interrupted(SIGNALS[signal]);
    Deno.addSignalListener(signal, () => interruption.abort(reason));
  }
  // Last, as Deno's first listener takes all of these signals.
  ignored.forEach(ignore);
  // Beyond `ulimit -f` it would end us without a word; now write(2) gives EFBIG.
  // Children inherit what is ignored, signal(7): Deno writes before they listen.
  if (inC) ignore("SIGXFSZ");
  else if (Deno.build.os === "linux") {
    Deno.addSignalListener("SIGXFSZ", () => {});
  }
}

/** Writes text to standard output. @throws {LabError} If that fails. */
export async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += await Deno.stdout.write(bytes.subarray(at));
    } catch (error) {
      if (errorCode(error) === "EPIPE") return; // `| head -1` wants no more
      if (!(error instanceof Deno.errors.WouldBlock)) {
        const why = reasonOf(error);
        throw new LabError(`Cannot write to standard output: ${why}`);
      }
      await delay(FULL_MS); // it is full, and somebody has set O_NONBLOCK
    }
  }
}

/** The name in the log that `--as` gives, also where other flags are wrong. */
function nameIn(args: string[], { flags }: Command): string | undefined {
  if (!Object.hasOwn(flags, "as")) return undefined;
  const found = /(?:^|\n)--as[=\n]([A-Za-z0-9._-]+)/.exec(args.join("\n"));
  return found?.[1];
}

/**
 * Waits for a standard error that is full.
 *
 * @returns The exit code.
 */
async function lastLines(
  code: number,
  signal: AbortSignal,
  timeout?: number,
): Promise<number> {
  const { errorWritten } = await import("./standard_error.ts");
  try {
    await errorWritten(
      signal.aborted ? { timeout: LAST_LINES_MS } : { timeout, signal },
    );
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    // Nobody reads standard error, so nobody can be told.
    if (!(error instanceof LabError)) throw error;
  }
  return code;
}

/** @throws {LabError} If this machine cannot use the mechanism. */
function checkAvailable({ name, available }: Mechanism): void {
  const there = available();
  if (there !== true) throw new LabError(`Cannot use --via=${name}: ${there}`);
}

/** Starts the log for an error that comes before the flags are known. */
async function startEarlyLog(): Promise<void> {
  const { startLog } = await import("./log.ts");
  const json = Deno.args.includes("--log=json");
  startLog({ format: json ? "json" : "lab" });
}

/** Logs an error. @returns The exit code. */
async function failed(error: unknown, name: string): Promise<number> {
  // An error while closing is a consequence of the error before it.
  if (error instanceof SuppressedError) {
    return await failed(error.suppressed, name);
  }
  if (error instanceof Interrupted) return error.exitCode;
  const { ProcessLog } = await import("./log.ts");
  const log = new ProcessLog(name);
  if (error instanceof UsageError) {
    log.error(error.message);
    return 2;
  }
  if (isExpected(error)) {
    log.error(error.message);
    return 1;
  }
  throw error; // a defect of ours: let the stack be seen
}
