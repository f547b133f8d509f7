// Each fault of nats_faults.ts once: nothing that the server acknowledged is
// lost, no reader reads a value twice, each producer's order is kept.
import { assert, assertEquals } from "@std/assert";
import { natsCommand } from "../nats_server.ts";
import { FAULTS } from "./nats_faults.ts";

const LONG = ["cable"]; // 10 s: short-cable is the same fault

for (const [name, { run, missing }] of Object.entries(FAULTS)) {
  if (LONG.includes(name)) continue;
  const why = natsCommand === undefined
    ? "nats-server is not installed"
    : missing?.();
  const skipped = why === undefined ? "" : ` (skipped: ${why})`;
  Deno.test({
    name:
      `nats: fault '${name}' loses, repeats and disorders nothing${skipped}`,
    ignore: why !== undefined,
    async fn() {
      const { again, ...outcome } = await run();
      assertEquals(outcome, { lost: 0, twice: 0, disordered: 0 });
      // A killed reader had logged one value that it could not acknowledge.
      assert(again <= 1, `${again} values were read again`);
    },
  });
}
