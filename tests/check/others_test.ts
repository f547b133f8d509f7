// What check must leave alone, as it is not the program's.
import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { namesIn } from "../../lib/posix/folder.ts";
import { freshName, hasPython, shell } from "../scripts.ts";
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
