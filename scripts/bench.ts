// Measures the mechanisms: round trip, throughput, processor time. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { BENCH } from "../lib/bench/flags.ts";

Deno.exit(
  await runCommand(BENCH, "bench", async ({ options }, signal) => {
    const { runBench } = await import("../lib/bench/bench.ts");
    return await runBench(options, signal);
  }),
);
