// Kills processes at random moments, and accounts for every value. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { SOAK } from "../lib/soak/flags.ts";

Deno.exit(
  await runCommand(SOAK, "soak", async ({ options }, signal) => {
    const { runSoak } = await import("../lib/soak/soak.ts");
    return await runSoak(options, signal);
  }),
);
