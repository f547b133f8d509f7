// A process whose main thread has ended, pthread_exit(3), still runs: it is a
// zombie by its state.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { descendantsOf, processSeen } from "../../lib/observe/mod.ts";
import { start } from "../scripts.ts";
import { freshFolder, isInstalled } from "./programs.ts";
import { runApart } from "./run_apart.ts";

const ignore = !isInstalled("cc") || !isInstalled("setsid");

const CODE = `
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static void *loop(void *main_thread) {
  pthread_join(*(pthread_t *)main_thread, NULL);
  write(1, "ended\\n", 6);
  for (;;) pause();
}

int main(void) {
  static pthread_t self, thread;
  self = pthread_self();
  mkfifo("fifo", 0600);
  open("fifo", O_RDWR);
  pthread_create(&thread, NULL, loop, &self);
  pthread_exit(NULL);
}
`;

async function compiled() {
  const folder = await freshFolder();
  await Deno.writeTextFile(`${folder.path}/loop.c`, CODE);
  const { success } = await new Deno.Command("cc", {
    args: ["-pthread", "-o", "loop", "loop.c"],
    cwd: folder.path,
  }).output();
  assertEquals(success, true);
  return folder;
}

Deno.test({
  name: "check sees and ends a process whose main thread has ended",
  ignore,
  async fn() {
    await using folder = await compiled();
    // In a session of its own: only what check sees can be ended.
    const commands = [["setsid", `${folder.path}/loop`]];
    const { live, lines: [ended] } = await runApart(
      { commands, cwd: folder.path },
      10_000,
    );
    const left = live?.left.join() ?? "";
    assertMatch(left, /^the process \d+ \(loop\),the FIFO \S+\/fifo$/);
    const [, pid] = /process (\d+)/.exec(left) ?? [];
    const { looks = [] } = live?.processes.get(Number(pid)) ?? {};
    assert((looks.at(-1)?.at ?? 0) >= (ended.at ?? Infinity), "seen no more");
    const [fifo] = [...live?.objects.values() ?? []];
    assertEquals(fifo.object.kind, "FIFO");
  },
});

Deno.test({
  name: "check ends a process whose main thread has ended, on Ctrl-C",
  ignore,
  async fn() {
    await using folder = await compiled();
    const program = `cd ${folder.path}; setsid ./loop; exec sleep 60`;
    await using script = start("check", ["--", "sh", "-c", program]);
    const isLoop = (pid: number) => {
      const { command, threads } = processSeen(pid) ?? {};
      return command === "loop" && threads?.every(({ tid }) => tid !== pid);
    };
    let pid: number | undefined;
    for (let i = 0; i < 500 && pid === undefined; i++) {
      await delay(20);
      pid = descendantsOf(script.pid).find(isLoop);
    }
    assertEquals(typeof pid, "number");
    script.kill("SIGINT");
    assertEquals((await script.ended()).code, 130);
    const { success } = await new Deno.Command("sh", {
      args: ["-c", `kill -9 ${pid} 2>/dev/null`],
    }).output();
    assertEquals(success, false, "it still ran");
  },
});
