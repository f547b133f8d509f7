// The server: hands out sequence numbers. Flags: --help
import { runCommand } from "../lib/command.ts";
import { runServer } from "../lib/server.ts";

Deno.exit(
  await runCommand(
    "server",
    "server",
    ({ options }, signal) => runServer(options, signal),
  ),
);
