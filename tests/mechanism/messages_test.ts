// What queue and segment say, read as the person who reads it: one thing is one,
// and the command that helps is the one to type.
import { assertEquals, assertMatch } from "@std/assert";
import { available } from "../../lib/posix/available.ts";
import { freshName, objectName, run, shell } from "../scripts.ts";

const ignore = available() !== true;

for (const via of ["queue", "shm"] as const) {
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${via}: ${what}`, ignore, fn });

  test("remove says what was in it, also of a single message", async () => {
    for (const count of [1, 2]) {
      const flags = [`--via=${via}`, `--name=${freshName()}`];
      await run("producer", [...flags, `--count=${count}`]);
      const { log } = await run("remove", flags);
      assertMatch(
        log,
        via === "queue"
          ? count === 1
            ? /\(1 message was in it\)$/
            : /\(2 messages were in it\)$/
          : count === 1
          ? /\(1 of 64 slots was full\)$/
          : /\(2 of 64 slots were full\)$/,
      );
    }
  });

  test("another --capacity: the advice is the command that removes this channel", async () => {
    const name = freshName();
    const flags = [`--via=${via}`, `--name=${name}`];
    await run("producer", [...flags, "--count=1", "--capacity=3"]);
    const { code, log } = await run("consumer", [...flags, "--capacity=5"]);
    assertEquals(code, 1);
    const advice = `deno task remove --via=${via} --name=${name}`;
    assertEquals(
      log,
      `ERROR:process2:Cannot open ${
        objectName(name)
      } with --capacity=5 as it is there with 3: leave the flag out, or remove it: ${advice}`,
    );
    assertEquals((await run("remove", flags)).code, 0);
  });
}

Deno.test({
  name:
    "shm: a segment that others may open is refused, and the advice removes it",
  ignore,
  async fn() {
    const name = freshName();
    const path = `/dev/shm${objectName(name)}`;
    await shell(`truncate -s 4096 ${path} && chmod 666 ${path}`).ended();
    const flags = ["--via=shm", `--name=${name}`];
    const { code, log } = await run("consumer", flags);
    assertEquals(code, 1);
    const advice = `deno task remove --via=shm --name=${name}`;
    assertEquals(
      log,
      `ERROR:process2:Cannot use ${
        objectName(name)
      } as other users may open it: choose another --name, or remove it: ${advice}`,
    );
    assertEquals((await run("remove", flags)).code, 0);
  },
});
