/**
 * Runs `deno task check`, the command itself.
 *
 * @module
 */
import { start } from "../scripts.ts";

/** Flags for programs whose durations are those of `ENV`. */
export const FLAGS = ["--pause=1s", "--retry=200ms", "--timeout=10s"];
/** The environment of the programs of fixtures/programs/. */
export const ENV = { PAUSE: "1", RETRY: "0.2", PYTHONDONTWRITEBYTECODE: "1" };
/** Where they are. */
export const PROGRAMS =
  new URL("../../fixtures/programs/", import.meta.url).pathname;

/** Runs check. @returns Its report, its log and its exit code. */
export async function check(...args: string[]) {
  await using script = start("check", [...FLAGS, ...args], { env: ENV });
  const { code, log } = await script.ended();
  return { code, log, text: new TextDecoder().decode(await script.output()) };
}

/** The arguments that name one of them. */
export const python = (file: string) => ["--", "python3", PROGRAMS + file];
