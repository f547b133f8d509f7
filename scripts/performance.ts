// Makes docs/performance.md from docs/performance.json. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { PERFORMANCE } from "../lib/bench/flags.ts";

Deno.exit(
  await runCommand(PERFORMANCE, "performance", async ({ options }, signal) => {
    const { runPerformance } = await import("../lib/bench/performance.ts");
    return await runPerformance(options, signal);
  }),
);
