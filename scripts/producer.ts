// Process 1: writes values into the channel. Flags: --help
import { runCommand } from "../lib/cli/command.ts";

Deno.exit(
  await runCommand("producer", "process1", async ({ options }, signal) => {
    const { runProducer } = await import("../lib/lab/producer.ts");
    return await runProducer(options, signal);
  }),
);
