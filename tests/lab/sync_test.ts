// A rendezvous: what the log says, and a mailbox that others flood.
import { assert, assertEquals } from "@std/assert";
import { mechanismNamed, MECHANISMS } from "../mechanisms.ts";
import { header } from "../../lib/message/header.ts";
import { Inbox } from "../../lib/message/inbox.ts";
import { Message } from "../../lib/message/message.ts";
import { PENDING } from "../../lib/channel/mod.ts";
import { waitFor } from "../../lib/wait/wait_for.ts";
import { freshName, leftovers, Running, shell, start } from "../scripts.ts";

/** The mailbox that a producer names in its first message, not answered. */
async function mailboxOf(via: string, name: string): Promise<string> {
  const { load, properties } = mechanismNamed(via);
  const { openReceiver } = await load();
  await using receiver = await openReceiver({ name });
  const { boundaries } = properties;
  const inbox = new Inbox(receiver, () => header.decoder(), boundaries);
  const found = await waitFor(
    () => {
      const found = inbox.poll();
      return found instanceof Message ? found : PENDING;
    },
    (signal) => receiver.readable(signal),
    { way: "block", timeout: 30_000 },
  );
  return found.header?.replyTo ?? "none";
}

for (const { name: via, properties, available } of MECHANISMS) {
  // A server across a network bounds a mailbox itself.
  if (properties.openedBy !== "name" || via === "nats") continue;
  Deno.test({
    name:
      `${via}: producer --sync hears SIGINT, SIGTERM and --timeout in a flood of acknowledgements of others`,
    ignore: available() !== true,
    async fn() {
      for (const end of ["SIGINT", "SIGTERM", "--timeout=2s"] as const) {
        const name = freshName();
        const flags = [`--via=${via}`, `--name=${name}`, "--sync"];
        const timeout = end.startsWith("--") ? [end] : [];
        await using producer = start("producer", [...flags, ...timeout]);
        await producer.saw("Writing 1");
        const mailbox = await mailboxOf(via, name);
        await using flood = new Running(Deno.execPath(), [
          ...["run", "-q", "-A", "--no-check", "tests/lab/flood_peer.ts"],
          ...[via, mailbox],
        ]);
        if (end === "SIGINT" || end === "SIGTERM") {
          // The flood has begun when the peer waits for room, or uses its time.
          await new Promise((resolve) => setTimeout(resolve, 700));
          producer.kill(end);
        }
        const { code, log } = await producer.ended();
        const codes = { SIGINT: 130, SIGTERM: 143, "--timeout=2s": 1 };
        assertEquals(code, codes[end], log);
        assert(!log.includes("Delivered"), log);
        await flood[Symbol.asyncDispose]();
        const { remove } = await mechanismNamed(via).load();
        for (const left of [mailbox, name]) await remove({ name: left });
        assertEquals(leftovers(name), []);
      }
    },
  });
}

Deno.test("--sync: process 2 says that it has read a value before process 1 says that it was delivered", async () => {
  const name = freshName();
  // Both write to one standard error, so the order of the lines is the order.
  const script =
    `'${Deno.execPath()}' run -q --no-prompt --allow-read=. --allow-write=run --allow-ffi scripts`;
  const flags = `--name=${name} --count=20 --format=header --retry=100ms`;
  await using both = shell(
    `${script}/consumer.ts ${flags} & ` +
      `${script}/producer.ts ${flags} --sync --pause=0; wait`,
  );
  const { log } = await both.ended();
  const lines = log.split("\n");
  for (let value = 1; value <= 20; value++) {
    const read = lines.indexOf(`INFO:process2:Read: ${value}`);
    const delivered = lines.indexOf(`INFO:process1:Delivered ${value}`);
    assert(read >= 0 && read < delivered, log);
  }
  assertEquals(leftovers(name), []);
});

for (const { name: via, properties, available } of MECHANISMS) {
  if (properties.openedBy !== "name") continue;
  Deno.test({
    name: `${via}: the mailbox of a killed producer goes with its consumer`,
    ignore: available() !== true,
    async fn() {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, "--retry=20ms"];
      const reading = [...flags, "--format=header"];
      await using consumer = start("consumer", reading);
      await consumer.saw("Data not available");
      const writing = [...flags, "--sync", "--interval=1m"];
      await using producer = start("producer", writing);
      await producer.saw("Delivered 1");
      producer.kill("SIGKILL");
      await producer.ended();
      consumer.kill("SIGINT");
      assertEquals((await consumer.ended()).code, 130);
      assertEquals(leftovers(name), []);
    },
  });
}
