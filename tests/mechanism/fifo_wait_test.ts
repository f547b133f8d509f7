// Waiting in the kernel for the other end of a FIFO, and for no other process.
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  assertWell,
  freshName,
  leftovers,
  range,
  shell,
  start,
  valuesRead,
} from "../scripts.ts";
import { inFreshFolder } from "./fresh_folder.ts";

const WAITING = "Data not available sleeping for 0.02 seconds before retrying";

/** The flags of a new channel, with short waits. */
function channel(): { name: string; flags: string[] } {
  const name = freshName();
  return { name, flags: [`--name=${name}`, "--retry=20ms", "--timeout=30s"] };
}

/** The kernel functions in which a process's threads sleep, proc_pid_wchan(5). */
function sleepingIn(pid: number): string[] {
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", `for t in /proc/${pid}/task/*; do cat $t/wchan; echo; done`],
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout).split("\n");
}

/** A producer whose thread waits in open(2) for a reader. */
async function waitingProducer(flags: string[], begin = start) {
  const producer = begin("producer", [...flags, "--wait=block", "--pause=0"]);
  await producer.saw("Writing 1");
  while (!sleepingIn(producer.pid).includes("wait_for_partner")) {
    await delay(10);
  }
  return producer;
}

Deno.test("producer --wait=block waits in open(2) for its reader, which may be any program", async () => {
  for (const reader of ["consumer", "cat"]) {
    const { name, flags } = channel();
    await using producer = await waitingProducer(flags);
    await using other = reader === "cat"
      ? shell(`cat run/${name}.fifo`)
      : start("consumer", flags);
    await assertWell(name, producer, other);
  }
});

Deno.test("producer that waits in open(2) ends on a signal and at its timeout, and leaves nothing", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const { name, flags } = channel();
    await using producer = await waitingProducer(flags);
    producer.kill(signal);
    assertEquals(
      (await producer.ended()).code,
      signal === "SIGINT" ? 130 : 143,
    );
    assertEquals(leftovers(name), []);
  }
  const { name, flags } = channel();
  await using producer = start("producer", [
    ...flags,
    "--wait=block",
    "--timeout=300ms",
  ]);
  const { code, log } = await producer.ended();
  assertEquals(code, 1);
  assert(log.includes("Nobody reads yet: gave up after 0.3 seconds"), log);
  assertEquals(leftovers(name), []);
});

Deno.test("producer that waits in open(2) hears Ctrl-C though another process keeps the lock of run/", async () => {
  const { flags } = channel();
  await inFreshFolder(async (begin, folder) => {
    await using producer = await waitingProducer(
      flags,
      (script, flags) => begin(script, ...flags),
    );
    using run = Deno.openSync(`${folder}/run`);
    run.lockSync(true);
    producer.kill("SIGINT");
    const { code, log } = await producer.ended();
    assertEquals(code, 130, log);
    assert(!/error/i.test(log), log);
  });
});

Deno.test("a producer that ends is not taken for a reader, nor a second consumer for a writer", async () => {
  const { name, flags } = channel();
  await using waiting = await waitingProducer(flags);
  for (let i = 0; i < 5; i++) {
    await using leaving = await waitingProducer(flags);
    leaving.kill("SIGINT");
    assertEquals((await leaving.ended()).code, 130);
  }
  await using consumer = start("consumer", [...flags, "--until-end"]);
  await assertWell(name, waiting, consumer);
  assertEquals(valuesRead(consumer), range(1, 10));

  await using patient = start("consumer", [...flags, "--until-end"]);
  await patient.saw(WAITING);
  await using brief = start("consumer", [...flags, "--timeout=100ms"]);
  assertEquals((await brief.ended()).code, 1);
  await using producer = start("producer", [...flags, "--pause=0"]);
  await assertWell(name, patient, producer);
  assertEquals(valuesRead(patient), range(1, 10));
});
