// Several writers at one memory location: who loses what. Flags: --help
import { runCommand } from "../lib/cli/command.ts";

Deno.exit(
  await runCommand("race", "race", async (line, signal) => {
    const { runRace } = await import("../lib/race/race.ts");
    return await runRace(line, signal);
  }),
);
