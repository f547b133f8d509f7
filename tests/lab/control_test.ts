// producer --control: commands on standard input.
import { assert, assertEquals } from "@std/assert";
import {
  freshName,
  leftovers,
  run,
  shell,
  start,
  taskArguments,
} from "../scripts.ts";

Deno.test("producer --control: step by step, then go, with other rests", async () => {
  const name = freshName();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const input = writable.getWriter();
  const type = (line: string) =>
    input.write(new TextEncoder().encode(`${line}\n`));
  const flags = ["--via=queue", `--name=${name}`, "--count=7"];
  await using producer = start(
    "producer",
    [
      ...flags,
      "--control",
      "--interval=1m",
      "--pause-every=3",
      "--pause=1m",
    ],
    { input: readable },
  );
  const timer = setTimeout(() => producer.kill("SIGKILL"), 30_000);
  await producer.saw("Writing 1");
  await type("step"); // ends the rest of a minute
  await producer.saw("Writing 2");
  await type("step");
  await producer.saw("Writing 3"); // no pause of a minute after it
  await type("step");
  await producer.saw("Writing 4");
  await type("nonsense");
  await producer.saw(
    "WARNING:process1:Cannot follow 'nonsense': it must be step",
  );
  assert(!producer.lines.some((line) => line.includes("Writing 5")));
  await type("pause 10ms");
  await type("interval 10ms");
  await type("go");
  const { code, log } = await producer.ended();
  clearTimeout(timer);
  assertEquals(code, 0, log);
  assert(log.includes("Intentionally sleeping for 0.01 seconds"), log);
  assertEquals((await run("remove", flags.slice(0, 2))).code, 0);
  assertEquals(leftovers(name), []);
});

Deno.test("producer --control goes on without commands if it cannot read them", async () => {
  const command = taskArguments("producer").join(" ");
  await using producer = shell(
    `exec '${Deno.execPath()}' ${command} --via=pipe --pause=1m --control < . > /dev/null`,
  );
  await producer.saw(
    "WARNING:process1:Cannot read standard input: Is a directory",
  );
  await producer.saw("Writing 6");
  producer.kill("SIGINT");
  assertEquals((await producer.ended()).code, 130);
});
