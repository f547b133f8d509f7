// The parent and its children: how the lab ends in each case.
import { assert, assertEquals } from "@std/assert";
import { freshName, leftovers, start } from "../scripts.ts";

const WAITING = "Data not available sleeping";

async function gone(pid: number): Promise<boolean> {
  const { success } = await new Deno.Command("kill", {
    args: ["-0", String(pid)],
    stderr: "null",
  }).output();
  return !success;
}

for (
  const [victim, other, title] of [
    ["process1", "process2", "Process 1 (the producer)"],
    ["process2", "process1", "Process 2 (the consumer)"],
  ]
) {
  Deno.test(`lab ends ${other} when ${victim} is killed, and says which one ended and how`, async () => {
    const name = freshName();
    await using lab = start("lab", [
      `--name=${name}`,
      "--pause=1m",
      "--retry=20ms",
    ]);
    await lab.saw(WAITING);
    const pid = async (process: string) =>
      Number((await lab.saw(`${process}:Pid:`)).split(":").at(-1));
    Deno.kill(await pid(victim), "SIGKILL");
    const { code, log } = await lab.ended();
    assertEquals(code, 1);
    const died = `ERROR:parent:${title} was ended by SIGKILL, Pid ${await pid(
      victim,
    )}`;
    assert(lab.lines.includes(died), log);
    assert(await gone(await pid(other)));
    assertEquals(leftovers(name), []);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`lab ends both children and itself on ${signal}`, async () => {
    const name = freshName();
    await using lab = start("lab", [
      `--name=${name}`,
      "--pause=1m",
      "--retry=20ms",
    ]);
    await lab.saw(WAITING);
    lab.kill(signal);
    const { code } = await lab.ended();
    assertEquals(code, signal === "SIGINT" ? 130 : 143);
    for (const process of ["process1", "process2"]) {
      const pid = Number((await lab.saw(`${process}:Pid:`)).split(":").at(-1));
      assert(await gone(pid));
    }
    assertEquals(leftovers(name), []);
  });
}

Deno.test("lab's exit code is that of its children", async () => {
  const name = freshName();
  await using lab = start("lab", [`--name=${name}`, "--input=nothing_here"]);
  const { code, log } = await lab.ended();
  assertEquals(code, 1);
  assert(log.includes("ERROR:process1:Cannot open nothing_here: "), log);
  assertEquals(leftovers(name), []);
});

Deno.test("shared-memory with --capacity=2 waits for room: nothing is lost", async () => {
  await using lab = start("shared-memory", [
    "--capacity=2",
    "--count=7",
    "--pause=0",
    "--retry=20ms",
  ]);
  const { code, log } = await lab.ended();
  assertEquals(code, 0, log);
  await lab.saw(
    "INFO:process1:Buffer full sleeping for 0.02 seconds before retrying",
  );
  const read = lab.lines.filter((line) => line.includes("Read: "));
  assertEquals(read.map((line) => line.split(" ").at(-1)), [..."1234567"]);
});

Deno.test("shared-memory refuses a line that no slot can hold, and sends the rest", async () => {
  const input = new Blob(["1\n", "x".repeat(70_000), "\n2\n"]).stream();
  await using lab = start("shared-memory", ["--input=-", "--retry=20ms"], {
    input,
  });
  const { code, log } = await lab.ended();
  assertEquals(code, 1);
  assert(log.includes("Cannot send a message of more than 66048 bytes"), log);
  await lab.saw("INFO:process2:Read: 2");
});

Deno.test("shared-memory ends on SIGINT with 130", async () => {
  await using lab = start("shared-memory", ["--pause=1m", "--retry=20ms"]);
  await lab.saw(WAITING);
  lab.kill("SIGINT");
  assertEquals((await lab.ended()).code, 130);
});

Deno.test("an input that ends in a NUL without a newline keeps its last line", async () => {
  for (const flags of [[], ["--quiet"]]) {
    await using producer = start("producer", [
      ...["--via=pipe", "--input=-", "--pause=0", ...flags],
    ], { input: new Blob(["a\nb\0"]).stream() });
    const { code, log } = await producer.ended();
    assertEquals(code, 0, log);
    assertEquals(new TextDecoder().decode(await producer.output()), "a\nb\0\n");
  }
});

Deno.test("lab ends a child that is stopped", async () => {
  const name = freshName();
  await using lab = start("lab", [
    `--name=${name}`,
    "--pause=1m",
    "--retry=20ms",
  ]);
  await lab.saw(WAITING);
  const pid = Number((await lab.saw("process2:Pid:")).split(":").at(-1));
  Deno.kill(pid, "SIGSTOP");
  lab.kill("SIGTERM");
  assertEquals((await lab.ended()).code, 143);
  assert(await gone(pid));
  assertEquals(leftovers(name), []);
});
