// Somebody holds the lock under which a segment or a queue is opened.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { available } from "../../lib/posix/available.ts";
import { libc } from "../../lib/posix/libc.ts";
import { MessageQueue } from "../../lib/posix/mqueue.ts";
import { openShared } from "../../lib/posix/shm.ts";
import {
  assertWell,
  descriptors,
  freshName,
  objectName,
  range,
  run,
  type Running,
  start,
  valuesRead,
} from "../scripts.ts";

const [LOCK_EX, LOCK_UN] = [2, 8];

/** A channel with values in it, whose lock this test holds. */
async function locked(via: "queue" | "shm") {
  const name = freshName();
  const flags = [`--via=${via}`, `--name=${name}`];
  await run("producer", [...flags, "--count=4"]);
  const object = objectName(name);
  const held = via === "shm" ? openShared(object) : MessageQueue.open(object);
  libc().flock(held.fd, LOCK_EX);
  return { name, flags, held };
}

/** Waits until the script has opened the object, and so waits for its lock. */
async function opened(script: Running, name: string) {
  const deadline = AbortSignal.timeout(20_000);
  while (!descriptors(script.pid).some((fd) => fd.includes(name))) {
    await delay(10, { signal: deadline });
  }
}

for (const via of ["queue", "shm"] as const) {
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({
      name: `${via}: ${what}`,
      ignore: available() !== true,
      fn,
    });

  test("an end that waits for the lock hears Ctrl-C", async () => {
    const { name, flags, held } = await locked(via);
    using _held = held;
    await using consumer = start("consumer", [...flags, "--timeout=0"]);
    await opened(consumer, name);
    consumer.kill("SIGINT");
    const { code, log } = await consumer.ended();
    assertEquals(code, 130, log);
    assert(!log.includes("ERROR"), log);
    await run("remove", flags);
  });

  test("an end that waits for the lock gives up after --timeout", async () => {
    const { flags, held } = await locked(via);
    using _held = held;
    for (const task of ["consumer", "lab"] as const) {
      const { code, log } = await run(task, [...flags, "--timeout=100ms"]);
      assertEquals(code, 1, log);
      assertMatch(log, /Cannot lock \S+ as another process holds the lock: /);
    }
    await run("remove", flags);
  });

  test("an end that waits for the lock goes on when it is free", async () => {
    const { name, flags, held } = await locked(via);
    using _held = held;
    await using consumer = start("consumer", [...flags, "--count=4"]);
    await opened(consumer, name);
    await delay(1200); // longer than one try
    libc().flock(held.fd, LOCK_UN);
    await assertWell(name, consumer);
    assertEquals(valuesRead(consumer), range(1, 4));
  });
}
