// --calls: what it shows, call by call beside strace's view of the same run.
import { assert, assertEquals } from "@std/assert";
import { freshName, leftovers, run, type Running, start } from "../scripts.ts";
import { kernelCalls, loggedCalls, startTraced, STRACE } from "./strace.ts";

const WITHIN_MS = 60_000;

/** Ends scripts that take too long: a test never waits for ever. */
function bound(...scripts: Running[]): Disposable {
  const timer = setTimeout(() => {
    for (const script of scripts) script.kill("SIGKILL");
  }, WITHIN_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

for (const via of ["fifo", "queue", "shm", "socket"]) {
  for (const wait of ["retry", "block"]) {
    const why = STRACE === true ? "" : ` (skipped: ${STRACE})`;
    Deno.test({
      name: `--calls agrees with strace, ${via}, --wait=${wait}${why}`,
      ignore: STRACE !== true,
      async fn() {
        const name = freshName();
        const files = [Deno.makeTempFileSync(), Deno.makeTempFileSync()];
        try {
          const flags = [`--via=${via}`, `--name=${name}`, `--wait=${wait}`];
          flags.push("--calls", "--retry=50ms", "--timeout=30s", "--count=8");
          await using consumer = startTraced("consumer", files[0], flags);
          using _one = bound(consumer);
          // Else an open(2) may wait on a thread of its own.
          await consumer.saw(":Pid:");
          await using producer = startTraced("producer", files[1], [
            ...flags,
            "--pause=300ms",
          ]);
          using _both = bound(producer);
          for (const [i, script] of [consumer, producer].entries()) {
            const { code, log } = await script.ended();
            assertEquals(code, 0, log);
            const trace = Deno.readTextFileSync(files[i]);
            const logged = loggedCalls(script.lines);
            assertEquals(logged, kernelCalls(trace, name));
            assert(logged.length > 20, "calls are seen");
          }
        } finally {
          for (const file of files) Deno.removeSync(file);
        }
        assertEquals(leftovers(name), []);
      },
    });
  }
}

Deno.test("--calls on lab, server and client: calls stand between their lines", async () => {
  const name = freshName();
  const flags = [`--name=${name}`, "--calls"];
  await using lab = start("lab", [...flags, "--pause=0", "--retry=20ms"]);
  await using server = start("server", [
    ...flags,
    "--via=queue",
    "--requests=1",
  ]);
  await using client = start("client", [
    ...flags,
    "--via=queue",
    "--timeout=30s",
  ]);
  using _bound = bound(lab, server, client);
  for (const script of [lab, server, client]) {
    const { code, log } = await script.ended();
    assertEquals(code, 0, log);
  }
  const at = (text: string) =>
    lab.lines.findIndex((line) => line.includes(text));
  const write = at("DEBUG:process1:write(");
  assert(at("INFO:process1:Writing 1") < write, lab.lines.join("\n"));
  assert(write < at("INFO:process1:Writing 2"));
  assert(at("DEBUG:process2:read(") < at("INFO:process2:Read: 1"));
  await server.saw("DEBUG:server:mq_receive(");
  await client.saw("DEBUG:client:mq_send(");
  assertEquals(leftovers(name), []);
});

Deno.test("--calls in the JSON log: name, result, error and time of each", async () => {
  const name = freshName();
  const { code, log } = await run("consumer", [
    ...[`--name=${name}`, "--calls", "--log=json", "--wait=block"],
    "--timeout=200ms",
  ]);
  assertEquals(code, 1);
  const calls = log.split("\n").map((line) => JSON.parse(line))
    .filter(({ event }) => event === "call");
  const poll = calls.find(({ call }) => call === "poll");
  assertEquals([poll.level, poll.logger, poll.result], [
    "DEBUG",
    "process2",
    0,
  ]);
  assert(poll.ms >= 0 && /^poll\(\[\{fd=\d+, events=POLLIN/.test(poll.message));
  const missing = calls.find(({ call, message }) =>
    call === "open" && message.includes(`run/${name}.fifo`)
  );
  assertEquals([missing.result, missing.error], [-1, "ENOENT"]);
});

Deno.test("without --calls there is no such line, and with it no other DEBUG line", async () => {
  const flags = ["--via=queue", `--name=${freshName()}`, "--count=1"];
  const plain = await run("producer", [...flags, "--verbose"]);
  assert(plain.log.includes("DEBUG:process1:Message 1"), plain.log);
  assert(!plain.log.includes("mq_send("), plain.log);
  const calls = await run("producer", [...flags, "--calls"]);
  assert(calls.log.includes("mq_send("), calls.log);
  assert(!calls.log.includes("DEBUG:process1:Message"), calls.log);
  assertEquals((await run("remove", flags.slice(0, 2))).code, 0);
});
