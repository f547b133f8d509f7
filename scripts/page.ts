// The live page: shows and controls a run, or plays a recording. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { PAGE } from "../lib/page/flags.ts";

Deno.exit(
  await runCommand(PAGE, "page", async (line, signal) => {
    const { runPage } = await import("../lib/page/page.ts");
    return await runPage(line, signal);
  }),
);
