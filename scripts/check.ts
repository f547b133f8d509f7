// Judges anybody's program against the lab sheet. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { CHECK } from "../lib/check/flags.ts";

Deno.exit(
  await runCommand(CHECK, "check", async (line, signal) => {
    const { runCheck } = await import("../lib/check/check.ts");
    return await runCheck(line, signal);
  }),
);
