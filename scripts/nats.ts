// Starts a NATS server with JetStream, for --via=nats. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { NATS } from "../lib/engine/flags.ts";

Deno.exit(
  await runCommand(NATS, "nats", async ({ options }, signal) => {
    const { runEngine } = await import("../lib/engine/engine.ts");
    return await runEngine(options, signal);
  }),
);
