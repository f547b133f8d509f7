// Prints the table of what each mechanism is. README shows the same. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { MECHANISM_TABLE } from "../lib/lab/tools.ts";

Deno.exit(
  await runCommand(MECHANISM_TABLE, "mechanisms", async () => {
    const { mechanismTable } = await import("../lib/mechanism/table.ts");
    const table = new TextEncoder().encode(mechanismTable({ here: true }));
    await Deno.stdout.write(table);
    return 0;
  }),
);
