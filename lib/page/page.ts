/**
 * What `deno task page` does: it serves the page until Ctrl-C.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import type { CommandLine } from "../cli/command_line.ts";
import { print } from "../cli/command.ts";
import { isExpected, LabError, reason, UsageError } from "../error.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import { type Entry, readRecording } from "../observe/recording.ts";
import type { PageOptions } from "./flags.ts";
import { LOCAL } from "./run_options.ts";
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
  const mechanisms = recording || program.length > 0
    ? LOCAL
    : await mechanismsHere(options.server);
  await using server = new PageServer(program, recording, mechanisms);
  await print(`${await listen(server, options.port)}\n`);
  const [head] = server.events.entries;
  if (head?.event === "recording" && head.leftOut) {
    await print(`The oldest ${head.leftOut} lines and looks are left out\n`);
  }
  // It listens already: the network is for a NATS server alone.
  if (mechanisms === LOCAL) Deno.permissions.revokeSync({ name: "net" });
  return await abortable(new Promise<number>(() => {}), signal);
}

/**
 * The mechanisms that can be chosen: the last one where a server answers.
 *
 * @param server Where it is; without it, NATS_URL or the usual place.
 * @throws {LabError} If `server` was named, and does not answer.
 */
async function mechanismsHere(server?: string): Promise<readonly string[]> {
  // The processes that the page starts find it there, too.
  if (server !== undefined) Deno.env.set("NATS_URL", server);
  const nats = mechanismNamed("nats");
  try {
    await (await nats.load()).tryOut?.();
  } catch (error) {
    if (server !== undefined || !isExpected(error)) throw error;
    return LOCAL;
  }
  return [...LOCAL, nats.name];
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
    const why = error instanceof Deno.errors.AddrInUse
      ? "another program has it"
      : error instanceof Deno.errors.PermissionDenied
      ? "it is the system's"
      : undefined;
    if (why === undefined) throw error;
    throw new LabError(`Cannot use port ${port} as ${why}: try --port=0`);
  }
}
