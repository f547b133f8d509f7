/**
 * What every script does around its work: it reads the flags, listens for
 * Ctrl-C, logs an error in one line, and turns it into an exit code.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Mechanism } from "../channel/mod.ts";
import { isExpected, LabError, UsageError } from "../error.ts";
import { type CommandLine, readCommandLine } from "./command_line.ts";
import type { Command, CommonOptions } from "./define.ts";
import { help } from "./help.ts";
import { checkPermissions } from "./permissions.ts";

/** Exit codes as in a shell: 128 and the signal's number, signal(7). */
const SIGNALS: Partial<Record<Deno.Signal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

/**
 * How late (ms) Ctrl-C may reach us after it has ended another process of the
 * same command line. An error in between is its consequence.
 */
export const SIGNAL_MS = 150;

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
  for (const [signal, code] of Object.entries(SIGNALS)) {
    Deno.addSignalListener(
      signal as Deno.Signal,
      () => interruption.abort(new Interrupted(code)),
    );
  }
  try {
    const line = readCommandLine(command, Deno.args);
    if (line.options.help) {
      await Deno.stdout.write(new TextEncoder().encode(help(command)));
      return 0;
    }
    const { startLog } = await import("./log.ts");
    startLog({ format: line.options.log, verbose: line.options.verbose });
    const { mechanism } = line.options;
    checkPermissions(command.name, mechanism?.name);
    if (mechanism) checkAvailable(mechanism);
    return await work(line, interruption.signal);
  } catch (error) {
    if (!(error instanceof UsageError)) await delay(SIGNAL_MS);
    const { aborted, reason } = interruption.signal;
    return await failed(aborted ? reason : error, logName);
  }
}

/** @throws {LabError} If this machine cannot use the mechanism. */
function checkAvailable({ name, available }: Mechanism): void {
  const there = available();
  if (there !== true) throw new LabError(`Cannot use --via=${name}: ${there}`);
}

async function failed(error: unknown, name: string): Promise<number> {
  // An error while closing is a consequence of the error before it.
  if (error instanceof SuppressedError) {
    return await failed(error.suppressed, name);
  }
  if (error instanceof Interrupted) return error.exitCode;
  const { ProcessLog, startLog } = await import("./log.ts");
  const log = new ProcessLog(name);
  if (error instanceof UsageError) {
    const json = Deno.args.includes("--log=json");
    startLog({ format: json ? "json" : "lab" });
    log.error(error.message);
    return 2;
  }
  if (isExpected(error)) {
    log.error(error.message);
    return 1;
  }
  throw error; // a defect of ours: let the stack be seen
}
