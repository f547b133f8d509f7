// The measurement of a NATS server: every message is counted, in its order.
import { assertEquals, assertMatch } from "@std/assert";
import { mechanismNamed } from "../mechanisms.ts";
import { run, start } from "../scripts.ts";

Deno.test({
  name: "scale counts every message of 1 and 2 producers, and prints a table",
  ignore: mechanismNamed("nats").available() !== true,
  async fn() {
    const flags = ["--ends=1,2", "--size=8,1024", "--count=200"];
    await using scale = start("scale", flags);
    const { code, log } = await scale.ended();
    assertEquals(code, 0, log);
    const table = new TextDecoder().decode(await scale.output());
    const rows = table.trimEnd().split("\n").slice(2)
      .map((row) => row.split("|").slice(1, 4).map(Number));
    assertEquals(rows, [[1, 1, 8], [2, 2, 8], [1, 1, 1024], [2, 2, 1024]]);
  },
});

Deno.test("scale without a server says in one line what helps", async () => {
  const env = { NATS_URL: "nats://127.0.0.1:1" };
  const { code, log } = await run("scale", [], { env });
  assertEquals(code, 1);
  assertMatch(
    log,
    /ERROR:scale:Cannot reach a NATS server at .*deno task nats/,
  );
});
