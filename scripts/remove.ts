// Removes what a channel has left behind, and says what was in it. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { REMOVE } from "../lib/lab/tools.ts";

Deno.exit(
  await runCommand(REMOVE, "remove", async ({ options }) => {
    const { ProcessLog } = await import("../lib/cli/log.ts");
    const { mechanism, name } = options;
    const { remove } = await mechanism.load();
    const removed = await remove(options);
    new ProcessLog("remove").info(
      removed === undefined
        ? `Nothing to remove: no ${mechanism.name} is called ${name}`
        : `Removed ${removed}`,
    );
    return 0;
  }),
);
