// Process 2: reads values from the channel. Flags: --help
import { runCommand } from "../lib/command.ts";
import { runConsumer } from "../lib/ends.ts";

Deno.exit(
  await runCommand(
    "consumer",
    "process2",
    ({ options }, signal) => runConsumer(options, signal),
  ),
);
