// Parent, process 1 and process 2 in one shell: the lab sheet's run. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { LAB } from "../lib/lab/flags.ts";

Deno.exit(
  await runCommand(LAB, "parent", async (line, signal) => {
    const { runLab } = await import("../lib/lab/lab.ts");
    return await runLab(line, signal);
  }),
);
