// Measures a NATS server with more and more processes. Flags: --help
import { runCommand } from "../lib/cli/command.ts";
import { SCALE } from "../lib/scale/flags.ts";

Deno.exit(
  await runCommand(SCALE, "scale", async ({ options }, signal) => {
    const { runScale } = await import("../lib/scale/scale.ts");
    return await runScale(options, signal);
  }),
);
