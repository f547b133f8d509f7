// A script started by hand with too few permissions, on a terminal: it prints
// one line that names the task, and neither a stack nor a question.
import { assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { NETWORK_PERMISSIONS } from "../../lib/mechanism/mod.ts";

/** The tasks that have no --via, and need all that they have. */
const WITHOUT_VIA = ["mechanisms", "nats", "scale"];

/**
 * Every task that runs one of our scripts: its permissions, and the rest. With
 * the default of --via, none needs the network.
 */
const TASKS = Object.entries(config.tasks).flatMap(([task, { command }]) => {
  const words = command.split(" ");
  const at = words.findIndex((word) => word.startsWith("scripts/"));
  if (at < 0) return [];
  const spared = WITHOUT_VIA.includes(task) ? [] : NETWORK_PERMISSIONS;
  const permissions = words.filter((word) =>
    word.startsWith("--allow-") && !spared.includes(word)
  );
  return [{ task, permissions, script: words.slice(at) }];
});

/** Every incomplete set of a few permissions; of many, all but one, or none. */
function incomplete(all: string[]): string[][] {
  if (all.length > 3) {
    return [[], ...all.map((left) => all.filter((each) => each !== left))];
  }
  const subsets = Array.from(
    { length: 2 ** all.length - 1 },
    (_, bits) => all.filter((_, i) => bits & (1 << i)),
  );
  return subsets;
}

/** Runs something on a pseudo-terminal, script(1). */
async function onTerminal(words: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("script", {
    args: ["-qfec", words.map((word) => `'${word}'`).join(" "), "/dev/null"],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout).replaceAll("\r", "");
}

for (const { task, permissions, script } of TASKS) {
  Deno.test(`${task} says which permission is missing`, async () => {
    const [, name] = /(\w+)\.ts$/.exec(script[0]) ?? [];
    for (const given of incomplete(permissions)) {
      const said = await onTerminal(
        [Deno.execPath(), "run", ...given, ...script],
      );
      assertMatch(
        said,
        new RegExp(`^ERROR:\\w+:Cannot run ${name} without --allow-`),
        given.join(" "),
      );
      assertEquals(said.split("\n").slice(1), [""], said);
      assertEquals(said.trimEnd().split(": ").at(-1), `deno task ${task}`);
      for (const permission of permissions) {
        assertEquals(
          new RegExp(`${permission}([,: ]|$)`).test(said),
          !given.includes(permission),
          said,
        );
      }
    }
  });
}

Deno.test("every task that takes --via=nats has what the network needs", () => {
  const tasks = [
    ...["lab", "producer", "consumer", "server", "client", "remove"],
    ...["bench", "scale"],
  ];
  for (const task of tasks) {
    const { command } = config.tasks[task as keyof typeof config.tasks];
    const words = command.split(" ");
    const missing = NETWORK_PERMISSIONS.filter((word) =>
      !words.includes(word) && !words.includes(word.replace(/=.*/, ""))
    );
    assertEquals(missing, [], task);
  }
});
