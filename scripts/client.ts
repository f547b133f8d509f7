// The client: asks the server for sequence numbers. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { CLIENT } from "../lib/service/flags.ts";

Deno.exit(
  await runCommand(CLIENT, "client", async ({ options }, signal) => {
    const { runClient } = await import("../lib/service/client.ts");
    return await runClient(options, signal);
  }),
);
