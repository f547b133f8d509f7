// What lies in run/: who may write there, who makes what, who listens.
import { assert, assertEquals } from "@std/assert";
import {
  assertWell,
  freshName,
  leftovers,
  run,
  Running,
  shell,
  start,
} from "../scripts.ts";

const FLAGS = ["--allow-read=.", "--allow-write=run", "--allow-ffi"];

/** Runs a script in a folder of its own, where no run/ is yet. */
async function inFreshFolder(
  work: (
    start: (script: string, ...args: string[]) => Running,
  ) => Promise<void>,
) {
  const cwd = await Deno.makeTempDir();
  try {
    await work((script, ...args) =>
      new Running(Deno.execPath(), [
        "run",
        "-q",
        `--config=${Deno.cwd()}/deno.json`,
        ...FLAGS,
        `${Deno.cwd()}/scripts/${script}.ts`,
        ...args,
      ], { cwd })
    );
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("consumer --output=run/FILE works where run/ is not there yet", async () => {
  await inFreshFolder(async (start) => {
    await using script = start("consumer", "--count=0", "--output=run/x.txt");
    const { code, log } = await script.ended();
    assertEquals(code, 0, log);
  });
});

Deno.test("a run/ that others may write to is refused", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${cwd}/run`);
    await Deno.chmod(`${cwd}/run`, 0o777);
    for (const via of ["fifo", "socket"]) {
      await using script = new Running(Deno.execPath(), [
        "run",
        "-q",
        `--config=${Deno.cwd()}/deno.json`,
        ...FLAGS,
        `${Deno.cwd()}/scripts/consumer.ts`,
        `--via=${via}`,
      ], { cwd });
      const { code, log } = await script.ended();
      assertEquals(code, 1);
      assert(log.includes("others may write to it: chmod go-w run"), log);
    }
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("a socket is its user's alone from the moment it is there, whatever the umask", async () => {
  const name = freshName();
  await using consumer = shell(
    `umask 000; exec '${Deno.execPath()}' run -q ${
      FLAGS.join(" ")
    } scripts/consumer.ts --via=socket --name=${name}`,
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
