// What the kernel refuses: calls, connections, and file systems without FIFOs.
import { assert, assertEquals } from "@std/assert";
import { FULL } from "../../lib/channel/mod.ts";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { close } from "../../lib/posix/file.ts";
import { connectTo } from "../../lib/posix/socket.ts";
import {
  assertWell,
  freshName,
  leftovers,
  run,
  Running,
  start,
  taskArguments,
} from "../scripts.ts";

type Task = Parameters<typeof taskArguments>[0];

/** Starts a task's script; the kernel refuses it those calls with EPERM. */
function startRefused(calls: string, task: Task, flags: string[]): Running {
  const script = [Deno.execPath(), ...taskArguments(task), ...flags];
  return new Running("python3", [
    "tests/mechanism/refuse.py",
    calls,
    ...script,
  ]);
}

/** Can a filter be set here? A container may refuse that, too. */
const filters = await (async () => {
  try {
    const args = ["tests/mechanism/refuse.py", "mknod", "true"];
    return (await new Deno.Command("python3", { args }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
})();

Deno.test({
  name:
    `socket: a producer that may not watch a folder finds its consumer (needs python3 and seccomp)`,
  ignore: !filters,
  async fn() {
    const name = freshName();
    const flags = ["--via=socket", `--name=${name}`, "--wait=block"];
    await using producer = startRefused("inotify_init1", "producer", [
      ...flags,
      "--pause=0",
      "--timeout=30s",
    ]);
    await producer.saw("Writing 1");
    await using consumer = start("consumer", [...flags, "--timeout=30s"]);
    await assertWell(name, producer, consumer);
  },
});

Deno.test({
  name:
    `fifo: a file system without FIFOs is said, and nothing is left (needs python3 and seccomp)`,
  ignore: !filters,
  async fn() {
    for (const task of ["producer", "consumer", "lab"] as const) {
      const name = freshName();
      await using script = startRefused("mknod", task, [`--name=${name}`]);
      const { code, log } = await script.ended();
      assertEquals(code, 1, log);
      const process = {
        producer: "process1",
        consumer: "process2",
        lab: "parent",
      };
      assert(
        log.includes(
          `ERROR:${
            process[task]
          }:Cannot make run/${name}.fifo: Operation not permitted: ` +
            "the file system of run/ has no FIFOs",
        ),
        log,
      );
      assertEquals(leftovers(name), []);
    }
  },
});

Deno.test("socket: a producer waits while too many connections wait to be accepted", async () => {
  const name = freshName();
  const { openReceiver, openSender } = await mechanismNamed("socket").load();
  {
    await using receiver = await openReceiver({ name });
    const fds: number[] = [];
    try {
      for (;;) {
        const fd = connectTo(`run/${name}.sock`);
        if (typeof fd !== "number") {
          assertEquals(fd, FULL);
          break;
        }
        fds.push(fd);
        assert(fds.length < 5000, "the backlog has no end");
      }
      await using sender = await openSender({ name });
      const record = new Uint8Array([7]);
      assertEquals(sender.offer(record), FULL);
      const ready = sender.writable(AbortSignal.timeout(10_000));
      receiver.poll(); // accepts one
      await ready;
      assertEquals(sender.offer(record), true);
    } finally {
      fds.forEach(close);
    }
  }
  assertEquals(leftovers(name), []);
});

Deno.test("consumer --via=pipe says that /dev/null has no values", async () => {
  const { code, log } = await run("consumer", ["--via=pipe"]); // its input
  assertEquals(code, 1, log);
  const why = "Every producer has closed: 0 of 10 values were read";
  assert(log.includes(`ERROR:process2:${why}, 10 are missing`), log);
  const end = await run("consumer", ["--via=pipe", "--until-end"]);
  assertEquals(end.code, 0, end.log);
});

Deno.test("lab whose parent is killed before its second child leaves no child and no object", async () => {
  for (const via of ["fifo", "queue", "shm", "socket", "pipe"]) {
    for (const moment of [0, 30, 100]) { // ms after the parent has the channel
      const name = freshName();
      await using lab = start("lab", [`--via=${via}`, `--name=${name}`]);
      await lab.saw("parent:Pid:");
      await new Promise((resolve) => setTimeout(resolve, moment));
      lab.kill("SIGKILL");
      // Its standard error is closed when the last child has ended, too.
      const { log } = await lab.ended();
      assert(!log.includes("Read:"), log);
      // Killed before it had a child, it leaves the empty channel alone.
      if (!log.includes("process")) {
        await run("remove", [`--via=${via}`, `--name=${name}`]);
      }
      assertEquals(leftovers(name), [], `${via}, ${moment} ms:\n${log}`);
    }
  }
});
