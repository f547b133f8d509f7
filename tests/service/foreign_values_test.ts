// A client at a name where somebody's values lie: they stay.
import { assertEquals, assertMatch } from "@std/assert";
import { mechanismNamed } from "../mechanisms.ts";
import { run, valuesRead } from "../scripts.ts";
import { asked, assertCode, Service } from "./service.ts";

for (const via of ["queue", "shm"] as const) {
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({
      name: `${via}: ${what}`,
      ignore: mechanismNamed(via).available() !== true,
      fn,
    });

  test("a client that finds no server leaves somebody's values alone", async () => {
    await using service = new Service(via);
    const { name } = service;
    const flags = [`--via=${via}`, `--name=${name}`, "--count=3"];
    await run("producer", flags);
    await using client = service.client("--timeout=300ms");
    await assertCode(client, 1);
    const consumer = await run("consumer", [...flags, "--timeout=2s"]);
    assertEquals(valuesRead(lines(consumer)), [1, 2, 3], consumer.log);
    await service.assertNothingLeft();
  });

  test("a client whose server was killed leaves the value that came since, and says so", async () => {
    await using service = new Service(via);
    const flags = [`--via=${via}`, `--name=${service.name}`, "--count=1"];
    await using server = await service.server();
    server.kill("SIGSTOP");
    await using client = service.client("--timeout=2s");
    await asked(client);
    server.kill("SIGKILL");
    await server.ended();
    await run("producer", flags);
    assertMatch(
      await assertCode(client, 1),
      /WARNING:client:\S+ has no server and holds 2 messages, perhaps our request too/,
    );
    const all = ["--until-end", "--timeout=2s"];
    const consumer = await run("consumer", [...flags.slice(0, 2), ...all]);
    assertMatch(consumer.log, /Read: 1$/m);
    await service.assertNothingLeft();
  });

  test("a client that is interrupted when its server was killed leaves nothing", async () => {
    await using service = new Service(via);
    await using server = await service.server();
    server.kill("SIGSTOP");
    await using client = service.client();
    await asked(client);
    server.kill("SIGKILL");
    await server.ended();
    client.kill("SIGINT");
    await assertCode(client, 130);
    await service.assertNothingLeft();
  });
}

/** A log as lines. */
function lines({ log }: { log: string }) {
  return { lines: log.split("\n") };
}
