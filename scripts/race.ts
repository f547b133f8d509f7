// Several writers at one memory location: who loses what. Flags: --help
import { runCommand } from "../lib/command.ts";
import { runRace } from "../lib/race.ts";

Deno.exit(await runCommand("race", "race", runRace));
