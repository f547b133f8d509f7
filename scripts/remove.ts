// Removes what a channel has left behind, and says what was in it. Flags: --help
import { runCommand } from "../lib/command.ts";
import { ProcessLog } from "../lib/log.ts";

Deno.exit(
  await runCommand("remove", "remove", async ({ options }) => {
    const { mechanism, name } = options;
    const removed = await mechanism.remove(options);
    new ProcessLog("remove").info(
      removed === undefined
        ? `Nothing to remove: no ${mechanism.name} is called ${name}`
        : `Removed ${removed}`,
    );
    return 0;
  }),
);
