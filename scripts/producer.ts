// Process 1: writes values into the channel. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { PRODUCER } from "../lib/lab/flags.ts";

Deno.exit(
  await runCommand(PRODUCER, "process1", async ({ options }, signal) => {
    const { runProducer } = await import("../lib/lab/producer.ts");
    return await runProducer(options, signal);
  }),
);
