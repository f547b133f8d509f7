/**
 * What `deno task page` does: it serves the page until Ctrl-C.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import type { CommandLine } from "../cli/command_line.ts";
import { print } from "../cli/command.ts";
import { LabError, reason, UsageError } from "../error.ts";
import { type Entry, readRecording } from "../observe/recording.ts";
import type { PageOptions } from "./flags.ts";
import { PageServer } from "./server.ts";

/** Serves the page. @throws The signal's reason: only a signal ends it. */
export async function runPage(
  { options, operands, program }: CommandLine<PageOptions>,
  signal: AbortSignal,
): Promise<number> {
  if (operands.length > 1 || operands.length > 0 && program.length > 0) {
    throw new UsageError(
      `Cannot use ${operands.at(-1)}: page takes one FILE, or -- PROGRAM`,
    );
  }
  const [file] = operands;
  const recording = file === undefined ? undefined : recordingIn(file);
  await using server = new PageServer(program, recording);
  await print(`${await listen(server, options.port)}\n`);
  return await abortable(new Promise<number>(() => {}), signal);
}

function recordingIn(file: string): Entry[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new LabError(`Cannot read ${file}: ${reason(error)}`);
  }
  return readRecording(text);
}

async function listen(server: PageServer, port: number): Promise<string> {
  try {
    return await server.listen(port);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new LabError(
      `Cannot use port ${port} as another program has it: try --port=0`,
    );
  }
}
