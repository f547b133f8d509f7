// Measures the mechanisms: round trip, throughput, processor time. Flags: --help
import { runCommand } from "../lib/cli/command.ts";

Deno.exit(
  await runCommand("bench", "bench", async (line, signal) => {
    const { runBench } = await import("../lib/bench/bench.ts");
    return await runBench(line, signal);
  }),
);
