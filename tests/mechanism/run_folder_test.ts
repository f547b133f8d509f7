// What lies in run/: who may write there, who makes what, who listens.
import { assert, assertEquals } from "@std/assert";
import {
  assertWell,
  freshName,
  leftovers,
  run,
  shell,
  start,
  taskArguments,
} from "../scripts.ts";
import { inFreshFolder } from "./fresh_folder.ts";

Deno.test("consumer --output=run/FILE works where run/ is not there yet", async () => {
  await inFreshFolder(async (start) => {
    await using script = start("consumer", "--count=0", "--output=run/x.txt");
    const { code, log } = await script.ended();
    assertEquals(code, 0, log);
  });
});

Deno.test("a run/ that others may write to is refused", async () => {
  await inFreshFolder(async (start, folder) => {
    await Deno.mkdir(`${folder}/run`);
    await Deno.chmod(`${folder}/run`, 0o777);
    for (const via of ["fifo", "socket"]) {
      await using script = start("consumer", `--via=${via}`);
      const { code, log } = await script.ended();
      assertEquals(code, 1);
      assert(log.includes("others may write to it: chmod go-w run"), log);
    }
  });
});

Deno.test("a socket is its user's alone from the moment it is there, whatever the umask", async () => {
  const name = freshName();
  await using consumer = shell(
    `umask 000; exec '${Deno.execPath()}' ${
      taskArguments("consumer").join(" ")
    } --via=socket --name=${name}`,
  );
  await consumer.saw("Pid:");
  const { mode } = await Deno.lstat(`run/${name}.sock`);
  assertEquals((mode ?? 0) & 0o777, 0o600);
  consumer.kill("SIGINT");
  await consumer.ended();
  assertEquals(leftovers(name), []);
});

Deno.test("processes that make one FIFO at the same moment all find it", async () => {
  const name = freshName();
  const flags = [`--name=${name}`, "--pause=0", "--count=1", "--retry=20ms"];
  await using stack = new AsyncDisposableStack();
  const producers = Array.from(
    { length: 6 },
    () => stack.use(start("producer", flags)),
  );
  const made = shell(`mkdir -p run; mkfifo run/${name}.fifo; true`);
  await made.ended();
  await using consumer = start("consumer", [
    `--name=${name}`,
    "--count=6",
    "--retry=20ms",
  ]);
  await assertWell(name, consumer, ...producers);
});

Deno.test("of two consumers at a stale socket exactly one listens", async () => {
  const name = freshName();
  const flags = ["--via=socket", `--name=${name}`, "--retry=20ms"];
  await using killed = start("consumer", flags);
  await killed.saw("Pid:");
  killed.kill("SIGKILL");
  await killed.ended();
  await using one = start("consumer", flags);
  await using two = start("consumer", flags);
  const said = await Promise.allSettled(
    [one, two].map((each) => each.saw("Pid:")),
  );
  assertEquals(said.map(({ status }) => status).sort(), [
    "fulfilled",
    "rejected",
  ]);
  await using producer = start("producer", [...flags, "--pause=0"]);
  const listens = said[0].status === "fulfilled" ? one : two;
  await assertWell(name, producer, listens);
});

Deno.test("lab runs over the socket that a killed consumer has left", async () => {
  const name = freshName();
  const flags = ["--via=socket", `--name=${name}`];
  await using killed = start("consumer", flags);
  await killed.saw("Pid:");
  killed.kill("SIGKILL");
  await killed.ended();
  const { code, log } = await run("lab", [...flags, "--pause=0"]);
  assertEquals(code, 0, log);
  assertEquals(leftovers(name), []);
});
