/**
 * Scripts in a folder of their own, where no run/ is yet.
 *
 * @module
 */
import { Running } from "../scripts.ts";

/** Starts a script in the folder. */
export type Start = (script: string, ...args: string[]) => Running;

/** Makes a folder, and removes it after the work. */
export async function inFreshFolder(
  work: (start: Start, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work((script, ...args) => startIn(folder, script, ...args), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts a script in a folder. */
export function startIn(
  folder: string,
  ...[script, ...args]: Parameters<Start>
): Running {
  return new Running(Deno.execPath(), [
    "run",
    "-q",
    `--config=${Deno.cwd()}/deno.json`,
    "--allow-read=.",
    "--allow-write=run",
    "--allow-ffi",
    `${Deno.cwd()}/scripts/${script}.ts`,
    ...args,
  ], { cwd: folder });
}
