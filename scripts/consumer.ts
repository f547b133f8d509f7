// Process 2: reads values from the channel. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { CONSUMER } from "../lib/lab/flags.ts";

Deno.exit(
  await runCommand(CONSUMER, "process2", async ({ options }, signal) => {
    const { runConsumer } = await import("../lib/lab/consumer.ts");
    return await runConsumer(options, signal);
  }),
);
