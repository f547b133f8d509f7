// What a user meets around a NATS server: no server, passwords, permissions.
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  NETWORK_PERMISSIONS,
  permissionsFor,
} from "../../lib/mechanism/mod.ts";
import { mechanismNamed } from "../mechanisms.ts";
import { natsCommand, NatsServer } from "../nats_server.ts";
import { freshName, leftovers, run, Running, start } from "../scripts.ts";

const ignore = natsCommand === undefined;
const SECRET = "geheim-4711";
const NOBODY = { NATS_URL: "nats://127.0.0.1:1" };
const QUICK = ["--pause=100ms", "--retry=20ms"];

Deno.test("nats: where no server is, each task says in one line what helps", async () => {
  const place = "nats://127.0.0.1:1";
  for (
    const [task, who] of [
      ["lab", "parent"],
      ["producer", "process1"],
      ["consumer", "process2"],
      ["server", "server"],
      ["client", "client"],
      ["remove", "remove"],
    ] as const
  ) {
    const { code, log } = await run(task, ["--via=nats"], { env: NOBODY });
    const lines = log.split("\n").filter((line) => !line.includes(":Pid:"));
    assertEquals(lines, [
      `ERROR:${who}:Cannot reach a NATS server at ${place} (connection refused): deno task nats starts one`,
    ]);
    assertEquals(code, 1);
  }
  await using table = start("mechanisms", [], { env: NOBODY });
  assertEquals((await table.ended()).code, 0);
  assertMatch(
    new TextDecoder().decode(await table.output()),
    /^nats is not available: Cannot reach a NATS server at nats:.*deno task nats/m,
  );
});

Deno.test({
  name: "nats: a password is in no line of the log and in no process list",
  ignore,
  async fn() {
    const config = await Deno.makeTempFile();
    const login = `authorization { user: me, password: "${SECRET}" }`;
    await Deno.writeTextFile(config, login);
    await using server = await NatsServer.start({ args: ["-c", config] });
    await Deno.remove(config); // it was read
    const url = (password: string) => ({
      NATS_URL: `nats://me:${password}@127.0.0.1:${server.port}`,
    });
    const env = url(SECRET);
    const name = freshName();
    const flags = ["--via=nats", `--name=${name}`];
    await using lab = start("lab", [...flags, "--verbose", "--pause=1m"], {
      env,
    });
    await lab.saw("Read: 1");
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", "for p in /proc/[0-9]*; do cat $p/cmdline; echo; done"],
      stderr: "null", // of processes that have just ended
    }).output();
    const list = new TextDecoder().decode(stdout);
    assert(list.includes(name));
    assert(!list.includes(SECRET));
    lab.kill("SIGINT");
    const { code, log } = await lab.ended();
    assertEquals(code, 130, log);
    assert(!log.includes(SECRET), log);
    const variables = { NATS_USER: "me", NATS_PASSWORD: SECRET };
    const other = { NATS_URL: server.url, ...variables };
    assertEquals(
      (await run("lab", [...flags, ...QUICK], { env: other })).code,
      0,
    );
    const wrong = await run("remove", flags, {
      env: url("wrong-" + SECRET),
    });
    assertMatch(wrong.log, /^ERROR:remove:Cannot enter nats:.* NATS_PASSWORD/);
    assert(!wrong.log.includes(SECRET), wrong.log);
  },
});

Deno.test("--server takes no password, and does not show it", async () => {
  for (const server of [`nats://me:${SECRET}@host`, `${SECRET}@host`, "a b"]) {
    const flags = ["--via=nats", `--server=${server}`];
    const { code, log } = await run("remove", flags);
    assertMatch(
      log,
      /^ERROR:remove:Cannot use that --server: it must be nats:/,
    );
    assert(!log.includes(SECRET), log);
    assertEquals(code, 2);
  }
  const { log } = await run("remove", ["--server=nats://127.0.0.1"]);
  assertMatch(log, /it must be left out with --via=fifo$/);
});

Deno.test("nats: a password that is not encoded is refused, and not shown", async () => {
  for (const password of [`${SECRET}%sure`, "4711#geheim"]) {
    const address = `nats://me:${password}@127.0.0.1:1`;
    const env = { NATS_URL: address };
    const byVariable = await run("remove", ["--via=nats"], { env });
    assertMatch(
      byVariable.log,
      /^ERROR:remove:Cannot use NATS_URL: it must be nats:.* a % in them is written %25, [^\n]*$/,
    );
    assertEquals(byVariable.code, 1);
    const flags = ["--via=nats", `--server=${address}`];
    const byFlag = await run("remove", flags);
    assertMatch(
      byFlag.log,
      /^ERROR:remove:Cannot use that --server: it must be nats:[^\n]*$/,
    );
    assertEquals(byFlag.code, 2);
    assert(!/4711|geheim|sure/.test(byVariable.log + byFlag.log));
  }
});

Deno.test("a mechanism without a server gives the network back", async () => {
  const module = new URL("../../lib/", import.meta.url).href;
  const code = `
    import { giveBackNetwork } from "${module}cli/permissions.ts";
    import { mechanismNamed } from "${module}mechanism/mod.ts";
    giveBackNetwork(mechanismNamed(Deno.args[0]));
    const granted = [{ name: "net" }, { name: "env", variable: "NATS_TOKEN" }]
      .map((what) => Deno.permissions.querySync(what).state === "granted");
    console.error(granted.join());
  `;
  for (
    const [via, expected] of [["fifo", "false,false"], ["nats", "true,true"]]
  ) {
    await using script = new Running(
      Deno.execPath(),
      ["run", "-q", "--no-prompt", ...NETWORK_PERMISSIONS, "-", via],
      { input: new Blob([code]).stream() },
    );
    assertEquals((await script.ended()).log, expected);
  }
  const fifo = permissionsFor(mechanismNamed("fifo"));
  assert(NETWORK_PERMISSIONS.every((word) => !fifo.includes(word)));
});

Deno.test("the NATS client is loaded for --via=nats alone", async () => {
  const lib = new URL("../../lib/", import.meta.url);
  const importers: string[] = [];
  for (const room of Deno.readDirSync(lib)) {
    if (!room.isDirectory) continue;
    for (const { name, isFile } of Deno.readDirSync(new URL(room.name, lib))) {
      if (!isFile) continue;
      const text = await Deno.readTextFile(
        new URL(`${room.name}/${name}`, lib),
      );
      // A static import; `import(...)` loads when it is called.
      const found = /from "(@nats-io\/.*|.*\/nats(?!_url)(_[a-z]+)?\.ts)"/;
      if (found.test(text)) importers.push(`${room.name}/${name}`);
    }
  }
  const parts = ["", "_end", "_link", "_mailbox", "_presence"];
  parts.push("_receiver", "_records", "_sender");
  const expected = parts.map((part) => `mechanism/nats${part}.ts`);
  assertEquals(importers.sort(), expected.sort());
});

Deno.test({
  name: "nats: what a run leaves on the server, remove removes",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=nats", `--name=${name}`];
    await run("producer", [...flags, "--count=3", "--pause=0"]);
    assertEquals(leftovers(name).length, 1);
    const { log } = await run("remove", flags);
    assertMatch(
      log,
      /^INFO:remove:Removed nats:\/\/\S+\/ipc-lab-\S+ \(3 messages were in it\)$/,
    );
    assertEquals(leftovers(name), []);
  },
});

Deno.test({
  name:
    "nats: another --capacity: the advice is the command that removes this mailbox",
  ignore,
  async fn() {
    await using server = await NatsServer.start();
    const name = freshName();
    const flags = [`--name=${name}`, `--server=${server.url}`];
    const there = ["--via=nats", ...flags, "--count=1"];
    await run("producer", there);
    const { code, log } = await run("producer", [...there, "--capacity=5"], {
      env: NOBODY, // the advice must not lead to the default server
    });
    assertEquals(code, 1);
    const advice = `deno task remove --via=nats ${flags.join(" ")}`;
    assertEquals(
      log.split("\n").at(-1),
      `ERROR:process1:Cannot open ${server.url}/ipc-lab-${name} with --capacity=5 as it is there with 64: leave the flag out, or remove it: ${advice}`,
    );
    const typed = advice.split(" ").slice("deno task remove".split(" ").length);
    const removed = await run("remove", typed, { env: NOBODY });
    assertMatch(removed.log, /\(1 message was in it\)$/);
  },
});
