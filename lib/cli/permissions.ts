/**
 * Checks that this process has the permissions that its task in deno.json
 * grants. It comes first: while Deno asks for a permission at the terminal,
 * everything has to wait, even Ctrl-C.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import type { Mechanism } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { NETWORK_PERMISSIONS } from "../mechanism/mod.ts";

/** What `Deno.permissions` calls a flag's value. */
const VALUES: Record<string, string> = {
  read: "path",
  write: "path",
  net: "host",
  sys: "kind",
  env: "variable",
  run: "command",
};

/**
 * Checks the permissions of a command started by hand.
 *
 * @param name The command's name, as in `scripts/NAME.ts`.
 * @param mechanism Its mechanism: a task for that one alone may need less, and
 * without a server, none needs the network.
 * @throws {LabError} In one line: what is missing, and the task that has it.
 */
export function checkPermissions(name: string, mechanism?: Mechanism): void {
  const tasks = Object.entries(config.tasks)
    .map(([task, { command }]) => ({ task, words: command.split(" ") }))
    .filter(({ words }) => words.includes(`scripts/${name}.ts`));
  const { task, words } =
    tasks.find(({ words }) => words.includes(`--via=${mechanism?.name}`)) ??
      tasks[0];
  const spared = isLocal(mechanism) ? NETWORK_PERMISSIONS : [];
  const missing = words.filter((word) =>
    !spared.includes(word) && !isGranted(word)
  );
  if (missing.length === 0) return;
  const what = missing.length === 1
    ? missing[0]
    : `${missing.slice(0, -1).join(", ")} and ${missing.at(-1)}`;
  throw new LabError(`Cannot run ${name} without ${what}: deno task ${task}`);
}

/**
 * Gives the network back before the work begins, if the mechanism needs none:
 * the task has it for `--via=nats` alone.
 */
export function giveBackNetwork(mechanism: Mechanism): void {
  if (!isLocal(mechanism)) return;
  for (const word of NETWORK_PERMISSIONS) {
    for (const descriptor of descriptorsOf(word)) {
      Deno.permissions.revokeSync(descriptor);
    }
  }
}

/** Is the mechanism known, and does it stay on this machine? */
function isLocal(mechanism?: Mechanism): boolean {
  return mechanism?.properties.settles === "at once";
}

/** @param word Such as `--allow-net=127.0.0.1`; other words ask for nothing. */
function isGranted(word: string): boolean {
  const granted = descriptorsOf(word).map((descriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted"
  );
  // Of programs to run, those that are not installed are never granted.
  return word.startsWith("--allow-run=")
    ? granted.some((yes) => yes)
    : granted.every((yes) => yes);
}

/** What a flag of `deno run` permits, as `Deno.permissions` says it. */
function descriptorsOf(word: string): Deno.PermissionDescriptor[] {
  const [, name, values] = /^--allow-(\w+)(?:=(.*))?$/.exec(word) ?? [];
  if (name === undefined) return [];
  return (values?.split(",") ?? [undefined]).map((value) => (
    { name, [VALUES[name] ?? "value"]: value } as Deno.PermissionDescriptor
  ));
}
