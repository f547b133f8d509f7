// The server: hands out sequence numbers. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { SERVER } from "../lib/service/flags.ts";

Deno.exit(
  await runCommand(SERVER, "server", async ({ options }, signal) => {
    const { runServer } = await import("../lib/service/server.ts");
    return await runServer(options, signal);
  }),
);
