// However a process ends: what it has read is written, what it has not taken is
// logged, signals work, and nothing stays behind.
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { MECHANISMS } from "../mechanisms.ts";
import {
  freshName,
  leftovers,
  range,
  type Running,
  shell,
  start,
  valuesRead,
} from "../scripts.ts";

const DENO = Deno.execPath();
const SCRIPT =
  `'${DENO}' run --quiet --no-prompt --allow-read=. --allow-write=run --allow-ffi scripts`;

/** The process id that a process has logged. */
async function pidOf(script: Running, process: string): Promise<number> {
  return Number((await script.saw(`${process}:Pid:`)).split(":").at(-1));
}

async function gone(pid: number): Promise<void> {
  const isThere = async () =>
    (await new Deno.Command("kill", {
      args: ["-0", `${pid}`],
      stderr: "null",
    }).output()).success;
  while (await isThere()) await delay(10);
}

for (const { name: via, properties, available } of MECHANISMS) {
  if (properties.processes === "one") continue;
  Deno.test({
    name:
      `lab --via=${via}: kill -9 of the parent ends both children, and nothing stays`,
    ignore: available() !== true,
    async fn() {
      for (const moment of ["Writing 1", "process2:Read: 1"]) {
        const name = freshName();
        await using lab = start("lab", [
          `--via=${via}`,
          `--name=${name}`,
          "--retry=100ms",
          "--pause=1m",
          "--wait=block",
        ]);
        await lab.saw(moment);
        const pids = [await pidOf(lab, "process1")];
        if (moment.includes("Read")) pids.push(await pidOf(lab, "process2"));
        lab.kill("SIGKILL");
        for (const pid of pids) await gone(pid);
        await lab.ended(); // its children have its standard error, too
        assertEquals(leftovers(name), []);
      }
    },
  });
}

Deno.test("pipe: a reader that has gone before the first value is an error at once, with each --wait", async () => {
  for (const way of ["retry", "block", "spin"]) {
    // The producer starts only after the reader has closed its end of the pipe.
    const gate = `run/${freshName()}.gate`;
    await using line = shell(
      `mkdir -p run; mkfifo ${gate}; ` +
        `(read _ < ${gate}; ${SCRIPT}/producer.ts --via=pipe --wait=${way} --pause=0)` +
        ` | (exec <&-; echo > ${gate}); rm ${gate}`,
    );
    await line.saw(
      "ERROR:process1:The reader has gone: 0 of 10 values were written, 10 are missing",
    );
    await line.ended();
  }
  // More values than the pipe holds.
  await using typo = shell(
    `${SCRIPT}/producer.ts --via=pipe --quiet --count=100000` +
      ` | ${SCRIPT}/consumer.ts --via=pipe --timout=5s`,
  );
  await typo.saw("did you mean --timeout?");
  await typo.saw("ERROR:process1:The reader has gone: ");
  assertEquals((await typo.ended()).code, 2); // the last command's code
});

for (const format of ["line", "header"]) {
  Deno.test(`consumer ends on a signal in a flood of bad messages, --format=${format}`, async () => {
    const name = freshName();
    const flags = [`--name=${name}`, "--until-end", `--format=${format}`];
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await using consumer = start("consumer", flags);
      await consumer.saw("Data not available");
      await using _flood = shell(
        `while :; do printf '\\377\\n\\n'; done > run/${name}.fifo`,
      );
      await consumer.saw("ERROR:process2:Cannot read");
      consumer.kill(signal);
      assertEquals(
        (await consumer.ended()).code,
        signal === "SIGINT" ? 130 : 143,
      );
    }
    assertEquals(leftovers(name), []);
  });
}

Deno.test("consumer --output has what the log says was read, however it ends", async () => {
  for (const end of ["SIGINT", "SIGTERM", "time-out"]) {
    const name = freshName();
    const file = `run/${name}.txt`;
    const flags = [`--name=${name}`, `--output=${file}`, "--count=100"];
    await using consumer = start("consumer", [...flags, "--timeout=1s"]);
    await using producer = start("producer", [
      `--name=${name}`,
      "--interval=10ms",
      "--count=20",
      "--pause=0",
    ]);
    await producer.ended();
    await consumer.saw("Read: 20");
    if (end !== "time-out") consumer.kill(end as Deno.Signal);
    await consumer.ended();
    const written = await Deno.readTextFile(file);
    await Deno.remove(file);
    assertEquals(written, valuesRead(consumer).map((n) => `${n}\n`).join(""));
  }
});

Deno.test("an interrupted consumer says what it had read ahead, and what lies in the kernel", async () => {
  const name = freshName();
  await using consumer = start("consumer", [
    `--name=${name}`,
    "--interval=1m",
    "--retry=10ms",
  ]);
  await consumer.saw("Pid:");
  await using lines = shell(`seq 1 9 > run/${name}.fifo`);
  await lines.ended();
  await consumer.saw("Read: 1");
  consumer.kill("SIGINT");
  const { code, log } = await consumer.ended();
  assertEquals(code, 130, log);
  assert(log.includes("8 more values had come and were not taken: lost"), log);
});

Deno.test("consumer that ends at its count says how much stays in the channel", async () => {
  for (
    const [via, words] of [["fifo", "bytes lie"], ["queue", "messages lie"], [
      "shm",
      "messages lie",
    ], ["socket", "bytes lie"]]
  ) {
    const name = freshName();
    const flags = [`--via=${via}`, `--name=${name}`];
    await using consumer = start("consumer", [
      ...flags,
      "--count=1",
      "--interval=10ms",
      "--retry=1s",
    ]);
    await consumer.saw("Pid:");
    await using producer = start("producer", [
      ...flags,
      "--count=10",
      "--pause=0",
    ]);
    const { code, log } = await consumer.ended();
    assertEquals(code, 0, log);
    assertEquals(valuesRead(consumer), range(1, 1));
    const said = consumer.lines.filter((line) => line.startsWith("WARNING"));
    // A reader of a stream takes all that has come; what comes later stays.
    assert(
      said.some((line) =>
        line.includes("were not taken") || line.includes(words)
      ),
      log,
    );
    await producer.ended();
    await (await MECHANISMS.find((one) => one.name === via)?.load())?.remove({
      name,
    });
    assertEquals(leftovers(name), []);
  }
});
