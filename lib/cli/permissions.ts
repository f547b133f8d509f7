/**
 * Whether this process has what its task grants in deno.json. Asked once, before
 * anything else: a question of Deno's at the terminal would keep everything
 * waiting, Ctrl-C too.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { LabError } from "../error.ts";

/** What a flag's value is called in a question to Deno. */
const VALUES: Record<string, string> = {
  read: "path",
  write: "path",
  net: "host",
  sys: "kind",
};

/**
 * Checks the permissions of a command started by hand.
 *
 * @param name The command's, as in `scripts/NAME.ts`.
 * @param via Its mechanism: a task may be for that one alone, and need less.
 * @throws {LabError} In one line, with what is missing and the task that has it.
 */
export function checkPermissions(name: string, via?: string): void {
  const tasks = Object.entries(config.tasks)
    .map(([task, { command }]) => ({ task, words: command.split(" ") }))
    .filter(({ words }) => words.includes(`scripts/${name}.ts`));
  const { task, words } =
    tasks.find(({ words }) => words.includes(`--via=${via}`)) ?? tasks[0];
  const missing = words.filter((word) => !isGranted(word));
  if (missing.length === 0) return;
  const what = missing.length === 1
    ? missing[0]
    : `${missing.slice(0, -1).join(", ")} and ${missing.at(-1)}`;
  throw new LabError(`Cannot run ${name} without ${what}: deno task ${task}`);
}

/** @param word Such as `--allow-net=127.0.0.1`; others grant nothing. */
function isGranted(word: string): boolean {
  const [, name, values] = /^--allow-(\w+)(?:=(.*))?$/.exec(word) ?? [];
  if (name === undefined) return true;
  return (values?.split(",") ?? [undefined]).every((value) => {
    const question = { name, [VALUES[name] ?? "value"]: value };
    const { state } = Deno.permissions.querySync(
      question as Deno.PermissionDescriptor,
    );
    return state === "granted";
  });
}
