// What check must leave alone, as it is not the program's.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { makeRunFolder } from "../../lib/mechanism/run_folder.ts";
import { namesIn } from "../../lib/posix/folder.ts";
import { freshName, hasPython, leftovers, shell, start } from "../scripts.ts";
import { check } from "./command.ts";
import { freshFolder } from "./programs.ts";
import { runApart } from "./run_apart.ts";

async function mkfifo(path: string) {
  await using sh = shell(`mkfifo ${path}`);
  assertEquals((await sh.ended()).code, 0);
}

Deno.test({
  name: "check leaves a regular file that the program had mapped",
  ignore: !hasPython(),
  async fn() {
    await using folder = await freshFolder();
    const code = `
import mmap, time
file = open("data", "w+b")
file.truncate(4096)
memory = mmap.mmap(file.fileno(), 4096)
print("mapped") # a line: check looks at once
time.sleep(0.3)`;
    const commands = [["python3", "-c", code]];
    const { live } = await runApart({ commands, cwd: folder.path }, 10_000);
    assertEquals(live?.left, []);
    assertEquals(namesIn(folder.path), ["data"]);
  },
});

Deno.test("check leaves a FIFO that another makes in its folder meanwhile", async () => {
  await using folder = await freshFolder();
  const [path, runs] = [freshName(), `${folder.path}/runs`];
  const wait = `touch ${runs}; until [ -p ${path} ]; do sleep 0.01; done`;
  const running = runApart({ commands: [["sh", "-c", wait]] }, 20_000);
  try {
    while (namesIn(folder.path).length === 0) await delay(20);
    await mkfifo(path);
    const { live } = await running;
    assertEquals([live?.endings[0].code, live?.left], [0, []]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("check --side refuses a FIFO that a consumer has open", async () => {
  const name = freshName();
  await using consumer = start("consumer", [`--name=${name}`, "--retry=20ms"]);
  await consumer.saw("Data not available");
  const { code, log } = await check(
    ...["--side=consumer", `--name=${name}`, "--", "true"],
  );
  assertEquals(code, 2, log);
  assertMatch(log, /Cannot use run\/\S+\.fifo as a consumer has it open/);
  assertEquals(leftovers(name), [`run/${name}.fifo`]);
  consumer.kill("SIGINT");
  assertEquals((await consumer.ended()).code, 130);
});

Deno.test("check --side leaves a FIFO that was there before", async () => {
  const name = freshName();
  makeRunFolder();
  await mkfifo(`run/${name}.fifo`);
  try {
    const { code } = await check(
      ...["--side=consumer", `--name=${name}`, "--timeout=500ms", "--"],
      ...["sleep", "60"],
    );
    assertEquals(code, 1);
    assert(leftovers(name).includes(`run/${name}.fifo`));
  } finally {
    await Deno.remove(`run/${name}.fifo`);
  }
});
