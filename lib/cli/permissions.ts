/**
 * Checks that this process has the permissions that its task in deno.json
 * grants. It comes first: while Deno asks for a permission at the terminal,
 * everything has to wait, even Ctrl-C.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { LabError } from "../error.ts";

/** What `Deno.permissions` calls a flag's value. */
const VALUES: Record<string, string> = {
  read: "path",
  write: "path",
  net: "host",
  sys: "kind",
};

/**
 * Checks the permissions of a command started by hand.
 *
 * @param name The command's name, as in `scripts/NAME.ts`.
 * @param via Its mechanism: a task for that one alone may need less.
 * @throws {LabError} In one line: what is missing, and the task that has it.
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

/** @param word Such as `--allow-net=127.0.0.1`; other words ask for nothing. */
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
