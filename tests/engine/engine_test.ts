// The server that `deno task nats` starts.
import { assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { isAlive } from "../../lib/posix/process.ts";
import { natsCommand } from "../nats_server.ts";
import {
  differences,
  FAST,
  FAST_FLAGS,
  freshName,
  run,
  type Running,
  start,
} from "../scripts.ts";

const ignore = natsCommand === undefined;

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A copy of the project: in ours, somebody may have a server running. */
class Checkout implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync();

  constructor() {
    const copy = 'cp -r lib scripts deno.json deno.lock "$0"';
    new Deno.Command("sh", { args: ["-c", copy, this.path] }).outputSync();
  }

  /** Starts `deno task nats` there. */
  nats(port: number): Running {
    return start("nats", [`--port=${port}`], { cwd: this.path });
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.path, { recursive: true });
  }
}

Deno.test("deno task nats says what is wrong with its folder", async () => {
  await using checkout = new Checkout();
  await Deno.writeTextFile(`${checkout.path}/run`, "");
  await using nats = checkout.nats(freePort());
  const { code, log } = await nats.ended();
  assertEquals(code, 1);
  assertMatch(
    log,
    /^INFO:nats:Pid:\d+\nERROR:nats:Cannot write to run\/nats: Not a directory$/,
  );
});

Deno.test({
  name:
    "deno task nats starts a server for the sheet's run, and ends with Ctrl-C",
  ignore,
  async fn() {
    const port = freePort();
    await using checkout = new Checkout();
    await using nats = checkout.nats(port);
    await nats.saw(`INFO:nats:Listening at nats://127.0.0.1:${port}`);
    const name = freshName();
    const flags = ["--via=nats", `--name=${name}`];
    const server = `--server=nats://127.0.0.1:${port}`;
    await using lab = start("lab", [...flags, server, ...FAST_FLAGS]);
    const { code, log } = await lab.ended();
    assertEquals([differences(lab, FAST), code], [[], 0], log);
    await using another = new Checkout();
    await using second = another.nats(port);
    await second.saw("ERROR:nats:Error listening on port");
    assertEquals((await second.ended()).code, 1);
    nats.kill("SIGINT");
    assertEquals((await nats.ended()).code, 130);
    const gone = await run("remove", [...flags, server]);
    assertMatch(gone.log, /^ERROR:remove:Cannot reach a NATS server/);
  },
});

Deno.test({
  name:
    "deno task nats is refused while a server has the folder, also an orphan",
  ignore,
  async fn() {
    await using checkout = new Checkout();
    await using first = checkout.nats(freePort());
    await first.saw("INFO:nats:Listening at");
    await using second = checkout.nats(freePort());
    const refused = await second.saw(":nats:", 2); // after its Pid
    const expected =
      /^ERROR:nats:Cannot start as another nats-server has its messages in run\/nats: use that one, or end it first: kill (\d+)$/;
    assertMatch(refused, expected);
    assertEquals((await second.ended()).code, 1);
    const server = Number(expected.exec(refused)?.[1]);
    first.kill("SIGKILL");
    await first.ended();
    try {
      await using third = checkout.nats(freePort());
      assertEquals(await third.saw(":nats:", 2), refused);
    } finally {
      Deno.kill(server, "SIGTERM"); // as the error says
    }
    while (isAlive(server)) await delay(10);
    await using last = checkout.nats(freePort());
    await last.saw("INFO:nats:Listening at");
    last.kill("SIGINT");
    assertEquals((await last.ended()).code, 130);
  },
});
