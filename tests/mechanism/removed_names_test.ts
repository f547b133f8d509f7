// A name that is removed while programs have its object open: they meet at the
// new one.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { available } from "../../lib/posix/available.ts";
import { MessageQueue } from "../../lib/posix/mqueue.ts";
import {
  assertWell,
  freshName,
  leftovers,
  objectName,
  range,
  run,
  start,
  valuesRead,
} from "../scripts.ts";
import { numbersOf, Service } from "../service/service.ts";

const RETRY = "--retry=100ms";
const ignore = available() !== true;

async function remove(via: string, name: string) {
  const removed = await run("remove", [`--via=${via}`, `--name=${name}`]);
  assert(removed.log.includes("Removed "), removed.log);
}

Deno.test({
  name:
    "a name that is removed while both ends wait is made again, and they meet",
  ignore,
  async fn() {
    for (const via of ["queue", "shm", "socket"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, RETRY, "--wait=block"];
      await using consumer = start("consumer", flags);
      await consumer.saw("Pid:");
      await remove(via, name);
      await using producer = start("producer", [...flags, "--pause=0"]);
      await assertWell(name, consumer, producer);
      assertEquals(valuesRead(consumer), range(1, 10));
    }
  },
});

Deno.test({
  name:
    "a queue that comes back with another capacity is the error that is said",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=queue", `--name=${name}`, RETRY];
    await using consumer = start("consumer", [...flags, "--capacity=5"]);
    await consumer.saw("Data not available");
    consumer.kill("SIGSTOP"); // else it may make the queue before us
    MessageQueue.unlink(objectName(name));
    const create = { capacity: 3, size: 100, exclusive: true };
    using _other = MessageQueue.open(objectName(name), { create });
    consumer.kill("SIGCONT");
    const { code, log } = await consumer.ended();
    MessageQueue.unlink(objectName(name));
    assertEquals(code, 1, log);
    assertMatch(log, /\nERROR:process2:Cannot open \S+ with --capacity=5 as /);
  },
});

Deno.test({
  name: "a name that is removed after every producer has closed",
  ignore,
  async fn() {
    for (const via of ["fifo", "queue", "shm", "socket"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, RETRY];
      await using consumer = start("consumer", [...flags, "--count=4"]);
      await consumer.saw("Pid:");
      await run("producer", [...flags, "--count=2"]);
      await consumer.saw("Read: 2");
      await consumer.saw("Data not available", 2); // it has seen the end
      await remove(via, name);
      await using producer = start("producer", [
        ...flags,
        "--from=3",
        "--count=2",
      ]);
      await assertWell(name, consumer, producer);
      assertEquals(valuesRead(consumer), range(1, 4));
    }
  },
});

Deno.test({
  name: "a server whose name is removed answers the next client",
  ignore,
  async fn() {
    for (const via of ["fifo", "queue", "shm", "socket"] as const) {
      await using service = new Service(via);
      await using server = await service.server("--requests=2");
      await using first = service.client();
      assertEquals((await first.ended()).code, 0);
      await remove(via, service.name);
      await using second = service.client();
      assertEquals((await second.ended()).code, 0, server.lines.join("\n"));
      assertEquals(numbersOf(second), [2]);
      assertEquals((await server.ended()).code, 0);
      await service.assertNothingLeft();
    }
  },
});

Deno.test({
  name: "queue: a producer that sleeps as it is full follows the name",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=queue", `--name=${name}`];
    const fast = ["--wait=block", "--pause=0", "--count=3020"];
    await using producer = start("producer", [...flags, ...fast]);
    // After a burst of looks it has long not looked for the name.
    const first = await run("consumer", [...flags, "--count=3000", "--quiet"]);
    assertEquals(first.code, 0, first.log);
    await producer.saw("Writing 3011");
    {
      using queue = MessageQueue.open(objectName(name));
      while (queue.attributes().messages < 10) await delay(10);
    }
    await remove("queue", name);
    await using consumer = start("consumer", [...flags, "--until-end"]);
    await assertWell(name, producer, consumer);
    assertEquals(valuesRead(consumer), range(3011, 3020));
  },
});

Deno.test({
  name: "queue: a producer that wrote nothing leaves no message behind",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=queue", `--name=${name}`];
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      await using consumer = start("consumer", [...flags, "--retry=1m"]);
      await consumer.saw("Data not available");
      for (let i = 0; i < 2; i++) {
        assertEquals((await run("producer", [...flags, "--count=0"])).code, 0);
      }
      consumer.kill(signal);
      const { log } = await consumer.ended();
      assert(!log.includes("WARNING"), log);
      if (signal === "SIGINT") assertEquals(leftovers(name), []);
    }
    // What a killed consumer has left is no message, and no producer of the next.
    await using next = start("consumer", [...flags, RETRY, "--until-end"]);
    await next.saw("Data not available", 2);
    assertEquals((await run("producer", [...flags, "--count=1"])).code, 0);
    assertEquals((await next.ended()).code, 0);
    assertEquals(valuesRead(next), [1]);
    assert(!next.lines.join().includes("WARNING"), next.lines.join("\n"));
    const lab = await run("lab", [...flags, "--pause=0", RETRY]);
    assertEquals(lab.code, 0, lab.log);
    assertEquals(leftovers(name), []);
  },
});
