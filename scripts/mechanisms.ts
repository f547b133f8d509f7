// Prints the table of what each mechanism is. README shows the same. Flags: --help
import { print, runCommand } from "../lib/cli/command.ts";
import { MECHANISM_TABLE } from "../lib/lab/tools.ts";

Deno.exit(
  await runCommand(MECHANISM_TABLE, "mechanisms", async () => {
    const { mechanismLines } = await import("../lib/mechanism/table.ts");
    await print(await mechanismLines());
    return 0;
  }),
);
