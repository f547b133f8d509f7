// What surrounds every command: signals, limits, standard output, its name.
import { assert, assertEquals } from "@std/assert";
import {
  freshName,
  leftovers,
  run,
  type Running,
  shell,
  start,
} from "../scripts.ts";

const DENO = `'${Deno.execPath()}' run -q --no-prompt`;
const SCRIPT = `${DENO} --allow-read=. --allow-write=run --allow-ffi scripts`;

async function ended(line: string): Promise<{ code: number; log: string }> {
  await using script = shell(line);
  return await script.ended();
}

for (
  const [ignored, signal] of [["HUP", "SIGHUP"], ["INT", "SIGINT"]] as const
) {
  Deno.test(`${signal} stays ignored if it was ignored at the start, as nohup does it`, async () => {
    const name = freshName();
    // The shell's `trap ''` is inherited; exec gives the script the shell's pid.
    await using consumer: Running = shell(
      `trap '' ${ignored}; exec ${SCRIPT}/consumer.ts --name=${name} --count=1`,
    );
    await consumer.saw("Data not available");
    consumer.kill(signal);
    await consumer.saw("Data not available", 2); // so it goes on
    await using value = shell(`echo 7 > run/${name}.fifo`);
    await value.ended();
    const { code, log } = await consumer.ended();
    assertEquals(code, 0, log);
    assert(log.includes("INFO:process2:Read: 7"), log);
    assertEquals(leftovers(name), []);
  });
}

Deno.test("beyond ulimit -f each file is one clear error, exit 1", async () => {
  const name = freshName();
  const limited = (command: string) => ended(`ulimit -f 64; ${command}`);
  const file = `run/${name}.txt`;
  const cases: [command: string, error: string][] = [
    [
      `seq 1 1000000 | ${SCRIPT}/consumer.ts --via=pipe --until-end --quiet --output=${file}`,
      `ERROR:process2:Cannot write to ${file}: File too large`,
    ],
    [
      `seq 1 1000000 | ${SCRIPT}/consumer.ts --via=pipe --until-end --quiet --output=- > ${file}`,
      "ERROR:process2:Cannot write to standard output: File too large",
    ],
    [
      `${SCRIPT}/producer.ts --via=pipe --count=1000000 --quiet > ${file}`,
      "ERROR:process1:Cannot write: File too large",
    ],
  ];
  for (const [command, error] of cases) {
    const { code, log } = await limited(command);
    assertEquals(code, 1, log);
    assert(log.split("\n").includes(error), log);
  }
  // Of a log that is too long itself, no line can say so: the exit code does.
  const { code } = await limited(
    `${SCRIPT}/producer.ts --via=pipe --count=5000 --pause=0 > /dev/null 2> ${file}`,
  );
  assertEquals(code, 1);
  await Deno.remove(file);
});

Deno.test("SIGXFSZ, beyond ulimit -f, ends neither lab nor its children", async () => {
  const SIGXFSZ = 1n << 24n;
  await using lab = start("lab", [`--name=${freshName()}`, "--pause=1m"]);
  for (const process of ["parent", "process1", "process2"]) {
    const line = await lab.saw(`${process}:Pid:`);
    const pid = line.split(":").at(-1);
    await using status = shell(`grep SigIgn /proc/${pid}/status >&2`);
    const { log } = await status.ended();
    const [, ignored] = /SigIgn:\s(\w+)/.exec(log) ?? [];
    assert(BigInt(`0x${ignored}`) & SIGXFSZ, `${line}: ${log}`);
  }
  lab.kill("SIGTERM");
  assertEquals((await lab.ended()).code, 143);
});

Deno.test("--help and mechanisms say why standard output took nothing", async () => {
  for (const [task, flag] of [["producer", "--help"], ["mechanisms", ""]]) {
    const { code, log } = await ended(
      `${DENO} --allow-read=. --allow-write=run --allow-ffi --allow-net --allow-env scripts/${task}.ts ${flag} > /dev/full`,
    );
    assertEquals(code, 1, log);
    const name = task === "producer" ? "process1" : task;
    const why = "Cannot write to standard output: No space left on device";
    assertEquals(log, `ERROR:${name}:${why}`);
  }
  // A reader that wants one line is no error.
  const { code, log } = await ended(
    `(${DENO} scripts/producer.ts --help; echo "code $?" >&2) | head -1`,
  );
  assertEquals([code, log], [0, "code 0"]);
});

Deno.test("an error is logged under the name that --as gives", async () => {
  const flags: [flags: string[], error: string][] = [
    [["--as=other", "--foo"], "ERROR:other:Cannot use --foo"],
    [["--as", "other", "--count=x"], "ERROR:other:Cannot use --count=x"],
    [["--as=other", "--via=pipe"], "ERROR:other:Every producer has closed"],
    [["--count=x"], "ERROR:process2:Cannot use --count=x"],
  ];
  for (const [args, error] of flags) {
    const { log } = await run("consumer", args);
    assert(log.split("\n").some((line) => line.startsWith(error)), log);
  }
});
