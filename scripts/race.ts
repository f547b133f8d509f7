// Several writers at one memory location lose updates. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { RACE } from "../lib/race/flags.ts";

Deno.exit(
  await runCommand(RACE, "race", async ({ options }, signal) => {
    const { runRace } = await import("../lib/race/race.ts");
    return await runRace(options, signal);
  }),
);
