// The measurement of a NATS server: every message is counted, in its order.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { permissionsFor } from "../../lib/mechanism/mod.ts";
import type { SideJob, SideReport } from "../../lib/scale/side.ts";
import { mechanismNamed } from "../mechanisms.ts";
import { NatsServer } from "../nats_server.ts";
import { freshName, leftovers, run, Running, start } from "../scripts.ts";

/** How often (ms) a test looks for what it waits for. */
const LOOK_MS = 20;
/** A row that does not end by itself. */
const LONG = ["--ends=1", "--size=8", "--count=100000000"];

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

/** Three servers that know each other. */
async function startCluster(): Promise<AsyncDisposable & { url: string }> {
  const listeners = [1, 2, 3].map(() =>
    Deno.listen({ hostname: "127.0.0.1", port: 0 })
  );
  const routes = listeners.map(({ addr }) => `nats://127.0.0.1:${addr.port}`);
  for (const listener of listeners) listener.close();
  await using servers = new AsyncDisposableStack();
  const urls: string[] = [];
  for (const [i, route] of routes.entries()) {
    const args = ["-n", `n${i}`, "--cluster_name", "lab", "--cluster", route];
    args.push("--routes", routes.join());
    urls.push(servers.use(await NatsServer.start({ args })).url);
  }
  const started = servers.move();
  return {
    url: urls[0],
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

Deno.test({
  name: "scale --replicas=3: three servers keep each message; one cannot",
  ignore: mechanismNamed("nats").available() !== true,
  async fn() {
    const flags = ["--ends=1", "--size=8", "--count=50", "--replicas=3"];
    const alone = await run("scale", flags);
    assertEquals(alone.code, 1);
    assertMatch(
      alone.log,
      /ERROR:scale:Cannot keep nats:.* on 3 servers: .* in no cluster$/,
    );
    await using cluster = await startCluster();
    const { code, log } = await run("scale", [
      ...flags,
      `--server=${cluster.url}`,
    ]);
    assertEquals(code, 0, log);
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

Deno.test({
  name: "scale: a producer that has opened begins when it is told to",
  ignore: mechanismNamed("nats").available() !== true,
  async fn() {
    const nats = mechanismNamed("nats");
    const job: SideJob = {
      ...{ name: freshName(), server: nats.server, producer: 0 },
      ...{ count: 1, size: 8 },
    };
    const input = new TransformStream<Uint8Array, Uint8Array>();
    const words = ["run", "-q", "--no-prompt", ...permissionsFor(nats)];
    await using side = new Running(
      Deno.execPath(),
      [...words, "lib/scale/side.ts", JSON.stringify(job)],
      { input: input.readable },
    );
    await side.saw("ready");
    const { inspect, remove } = await nats.load();
    const there = await inspect?.(job);
    assertEquals([there?.sender, there?.messages], [true, 0]);
    const told = performance.timeOrigin + performance.now();
    const writer = input.writable.getWriter();
    await writer.write(new Uint8Array(1));
    const report: SideReport = JSON.parse(await side.saw("{"));
    assert(report.from >= told, `${report.from - told} ms`);
    assertEquals((await side.ended()).code, 0);
    await remove(job);
  },
});

Deno.test({
  name: "scale: Ctrl-C within a row leaves no mailbox on the server",
  ignore: mechanismNamed("nats").available() !== true,
  async fn() {
    await using scale = start("scale", LONG);
    const mailbox = `scale=${scale.pid}`;
    while (leftovers(mailbox).length === 0) await delay(LOOK_MS);
    scale.kill("SIGINT");
    const { code, log } = await scale.ended();
    assertEquals([code, leftovers(mailbox)], [130, []], log);
  },
});

for (
  const [side, command] of [
    ["producer", '"producer":0}$'],
    ["consumer", '"count":[0-9]+}$'],
  ]
) {
  Deno.test({
    name: `scale says how a ${side} has died, and leaves no mailbox`,
    ignore: mechanismNamed("nats").available() !== true,
    async fn() {
      await using scale = start("scale", LONG);
      let pid = 0;
      for (; pid === 0; await delay(LOOK_MS)) pid = child(scale.pid, command);
      Deno.kill(pid, "SIGKILL");
      const { code, log } = await scale.ended();
      assertEquals(
        log.split("\n").at(-1),
        `ERROR:scale:Cannot go on: a ${side} was ended by SIGKILL`,
      );
      assertEquals([code, leftovers(`scale=${scale.pid}`)], [1, []]);
    },
  });
}

/** The child with such a command line; 0: there is none yet. */
function child(parent: number, command: string): number {
  const { stdout } = new Deno.Command("pgrep", {
    args: ["-P", `${parent}`, "-f", command],
  }).outputSync();
  return Number(new TextDecoder().decode(stdout));
}

Deno.test("scale refuses a --count that gives a producer nothing to send", async () => {
  const { code, log } = await run("scale", ["--ends=2,6,1", "--count=5"]);
  assertEquals(code, 2);
  assertEquals(
    log,
    "ERROR:scale:Cannot use --count=5: it must be at least 6, one for each of the 6 producers of --ends",
  );
});
