// Process 1: writes values into the channel. Flags: --help
import { runCommand } from "../lib/command.ts";
import { runProducer } from "../lib/ends.ts";

Deno.exit(
  await runCommand(
    "producer",
    "process1",
    ({ options }, signal) => runProducer(options, signal),
  ),
);
