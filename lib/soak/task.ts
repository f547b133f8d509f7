/**
 * The tasks of deno.json, which the soak runs without `deno task`: so a signal
 * reaches the process itself.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };

/** The permissions of a task, as flags of `deno run`. */
export function permissionsOf(task: string): string[] {
  const found = Object.entries(config.tasks).find(([name]) => name === task);
  const words = found?.[1].command.split(" ") ?? [];
  return words.filter((word) => word.startsWith("--allow-"));
}
