// The client: asks the server for sequence numbers. Flags: --help
import { runCommand } from "../lib/command.ts";
import { runClient } from "../lib/client.ts";

Deno.exit(
  await runCommand(
    "client",
    "client",
    ({ options }, signal) => runClient(options, signal),
  ),
);
