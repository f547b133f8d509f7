// Process 2: reads values from the channel. Flags: --help
import { runCommand } from "../lib/cli/command.ts";

Deno.exit(
  await runCommand("consumer", "process2", async ({ options }, signal) => {
    const { runConsumer } = await import("../lib/lab/consumer.ts");
    return await runConsumer(options, signal);
  }),
);
