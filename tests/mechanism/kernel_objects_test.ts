// What differs from object to object: leftovers, other users' objects, limits,
// and senders that were killed.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import config from "../../deno.json" with { type: "json" };
import { available } from "../../lib/posix/available.ts";
import { ENXIO, O_NONBLOCK, O_WRONLY, open } from "../../lib/posix/file.ts";
import { FolderWatch } from "../../lib/posix/inotify.ts";
import { SystemError } from "../../lib/posix/libc.ts";
import { MessageQueue } from "../../lib/posix/mqueue.ts";
import { openShared, unlinkShared } from "../../lib/posix/shm.ts";
import { WORD } from "../../lib/shared_memory/layout.ts";
import {
  assertWell,
  descriptors,
  freshName,
  leftovers,
  objectName,
  range,
  run,
  shell,
  start,
  valuesRead,
} from "../scripts.ts";

const RETRY = "--retry=100ms";
const ignore = available() !== true;

Deno.test("pipe: the shell's own pipe joins producer and consumer", async () => {
  const task = (name: string) =>
    `${Deno.execPath()} task -q ${name} --via=pipe`;
  await using pipeline = shell(
    `${task("producer")} --pause=100ms | ${task("consumer")} ${RETRY}`,
  );
  const { code, log } = await pipeline.ended();
  assertEquals(code, 0, log);
  assertEquals(valuesRead(pipeline), range(1, 10));

  await using closed = shell(
    `${task("producer")} --quiet --count=1000000 | head -1`,
  );
  await closed.saw("ERROR:process1:The reader has gone: ");
  await closed.ended();
  assertEquals(await closed.output(), new TextEncoder().encode("1\n"));

  await using short = shell(`echo 1 | ${task("consumer")}`);
  await short.saw(
    "ERROR:process2:Every producer has closed: 1 of 10 values was read, 9 are missing",
  );
  assertEquals((await short.ended()).code, 1);
});

Deno.test({
  name: "pipe: it is blocking again for the next program that uses it",
  ignore,
  async fn() {
    const task = (name: string) =>
      `${Deno.execPath()} task -q ${name} --via=pipe --quiet --count=3`;
    const mode = "grep flags /proc/self/fdinfo";
    await using pipeline = shell(
      `(${task("producer")}; ${mode}/5 5>&1 >&2; seq 4 6)` +
        ` | (${task("consumer")} --output=-; ${mode}/0 >&2)`,
    );
    const { code, log } = await pipeline.ended();
    assertEquals(code, 0, log);
    const flags = log.match(/flags:\s+\d+/g) ?? [];
    assertEquals(flags.length, 2, log);
    for (const text of flags) {
      assertEquals(parseInt(text.slice(6), 8) & O_NONBLOCK, 0, log);
    }
  },
});

Deno.test({
  name: "pipe: the flags of an end that two producers share stay as they are",
  ignore,
  async fn() {
    const name = `run/${freshName()}`;
    const task = `${Deno.execPath()} task -q`;
    const producer = `${task} producer --via=pipe --input=-`;
    await using pipeline = shell(`
      mkdir -p run; mkfifo ${name}.a ${name}.b ${name}.go
      (${producer} < ${name}.a & ${producer} < ${name}.b &
        exec 3> ${name}.a 4> ${name}.b; echo one >&3; echo two >&4
        read -r go < ${name}.go; grep flags /proc/self/fdinfo/5 5>&1 >&2
        exec 3>&- 4>&-; wait) | ${task} consumer --via=pipe --until-end
      code=$?; rm ${name}.*; exit $code`);
    await pipeline.saw("Read: one");
    await pipeline.saw("Read: two"); // both producers have it open
    await shell(`echo > ${name}.go`).ended();
    const { code, log } = await pipeline.ended();
    assertEquals(code, 0, log);
    const [, flags = ""] = /flags:\s+(\d+)/.exec(log) ?? [];
    assertEquals(parseInt(flags, 8) & O_NONBLOCK, 0, log);
  },
});

Deno.test({
  name: "a queue outlives its processes; remove says what was in it",
  ignore,
  async fn() {
    for (const via of ["queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`];
      const produced = await run("producer", [...flags, "--count=4"]);
      assertEquals(produced.code, 0, produced.log);
      const removed = await run("remove", flags);
      const left = via === "queue" ? "4 messages were" : "4 of 64 slots were";
      assert(
        removed.log.includes(`Removed ${objectName(name)} (${left}`),
        removed.log,
      );
      const again = await run("remove", flags);
      assert(
        again.log.includes(`Nothing to remove: no ${via} is called ${name}`),
      );

      await run("producer", [...flags, "--count=4"]);
      await using consumer = start("consumer", [...flags, "--count=4"]);
      await assertWell(name, consumer);
      assertEquals(valuesRead(consumer), range(1, 4));
    }
  },
});

Deno.test({
  name: "shm: several producers and consumers, every value exactly once",
  ignore,
  async fn() {
    const name = freshName();
    const flags = [`--via=shm`, `--name=${name}`, "--quiet"];
    const each = 3000;
    const output = ["--output=-", "--count=3000", "--timeout=20s"];
    await using one = start("consumer", [...flags, ...output]);
    await using two = start("consumer", [...flags, ...output]);
    const count = `--count=${each}`;
    await using low = start("producer", [...flags, count, "--from=1"]);
    await using high = start("producer", [...flags, count, "--from=3001"]);
    await assertWell(name, one, two, low, high);
    const values: number[] = [];
    for (const consumer of [one, two]) {
      const text = new TextDecoder().decode(await consumer.output());
      values.push(...text.trimEnd().split("\n").map(Number));
    }
    assertEquals(values.toSorted((a, b) => a - b), range(1, 2 * each));
  },
});

Deno.test("a socket that a killed consumer has left is replaced; a second consumer is refused", async () => {
  const name = freshName();
  const flags = ["--via=socket", `--name=${name}`, RETRY];
  await using killed = start("consumer", flags);
  await killed.saw("Pid:");
  const refused = await run("consumer", flags);
  assertEquals(refused.code, 1);
  assert(refused.log.includes("as another consumer does"), refused.log);
  killed.kill("SIGKILL");
  await killed.ended();
  assertEquals(leftovers(name), [`run/${name}.sock`]);
  await using consumer = start("consumer", flags);
  await using producer = start("producer", [...flags, "--pause=0"]);
  await assertWell(name, consumer, producer);
});

Deno.test({
  name: "socket: a producer that waits does not open a FIFO made beside it",
  ignore,
  async fn() {
    const [name, beside] = [freshName(), freshName()];
    const flags = ["--via=socket", `--name=${name}`, "--wait=block"];
    await using producer = start("producer", [...flags, "--pause=0"]);
    const watches = () =>
      descriptors(producer.pid).some((fd) => fd.includes("inotify"));
    while (!watches()) await delay(10);
    await shell(`mkfifo run/${beside}.fifo`).ended();
    await delay(100); // time to open the FIFO, if it does
    // A process that opens every new file would be the FIFO's reader.
    const writer = open(`run/${beside}.fifo`, O_WRONLY | O_NONBLOCK);
    await shell(`rm run/${beside}.fifo`).ended();
    assertEquals(writer, -ENXIO);
    await using consumer = start("consumer", [...flags, "--timeout=5s"]);
    await assertWell(name, producer, consumer);
  },
});

Deno.test({
  name:
    "socket: a producer that may watch no folder finds its consumer all the same",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=socket", `--name=${name}`, "--wait=block"];
    using all = new DisposableStack(); // all watches that the user may have
    const more = () => all.use(new FolderWatch("run"));
    const error = assertThrows(() => {
      for (;;) more();
    }, SystemError);
    assertEquals(error.code, "EMFILE");
    await using producer = start("producer", [...flags, "--pause=0"]);
    await producer.saw("Writing 1");
    await using consumer = start("consumer", [...flags, "--timeout=5s"]);
    await assertWell(name, producer, consumer);
  },
});

Deno.test({
  name: "queue: --capacity is its length; beyond the limit the error names it",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=queue", `--name=${name}`, RETRY];
    await using producer = start("producer", [
      ...flags,
      "--capacity=3",
      "--pause=0",
    ]);
    await producer.saw("Buffer full sleeping for 0.1 seconds before retrying");
    assert(
      producer.lines.at(-2)?.endsWith("Writing 4"),
      producer.lines.join("\n"),
    );
    const other = await run("consumer", [...flags, "--capacity=5"]);
    assert(
      other.log.includes("with --capacity=5 as it is there with 3"),
      other.log,
    );
    await using consumer = start("consumer", flags);
    await assertWell(name, producer, consumer);
    const limit = await run("producer", [...flags, "--capacity=100000"]);
    assertEquals(limit.code, 1);
    assert(limit.log.includes("msg_max"), limit.log);
  },
});

Deno.test({
  name: "garbage in the queue is reported, and reading goes on",
  ignore,
  async fn() {
    const name = freshName();
    using queue = MessageQueue.open(objectName(name), {
      create: { capacity: 10, size: 8192 },
    });
    const noise = Uint8Array.from({ length: 8192 }, (_, i) => (i * 193) & 255);
    queue.send(noise);
    queue.send(new TextEncoder().encode("torn"));
    queue.send(new TextEncoder().encode("good\n"));
    const flags = ["--via=queue", `--name=${name}`, RETRY];
    await using consumer = start("consumer", [...flags, "--until-end"]);
    await consumer.saw("Read: good");
    await consumer.saw('cut off: "torn"');
    const { code } = await consumer.ended();
    assertEquals(code, 1);
    MessageQueue.unlink(objectName(name));
  },
});

Deno.test({
  name: "a segment that is no ring of ours is refused, not read",
  ignore,
  async fn() {
    let seed = 7;
    const random = () => seed = Math.imul(seed, 1_664_525) + 1_013_904_223 | 0;
    for (
      const [bytes, says] of [[64, "of 64 bytes"], [
        8192,
        "holds no ring",
      ]] as const
    ) {
      const name = freshName();
      using segment = openShared(objectName(name), { create: true, bytes });
      new Int32Array(segment.memory).forEach((_, i, all) => all[i] = random());
      for (const task of ["consumer", "producer"] as const) {
        const { code, log } = await run(task, ["--via=shm", `--name=${name}`]);
        assertEquals(code, 1);
        assert(log.includes(says) && log.includes("deno task remove"), log);
      }
      assert(unlinkShared(objectName(name)));
    }
  },
});

Deno.test({
  name:
    "shm: a sender killed while it fills a slot is reported, the next ones are read",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=shm", `--name=${name}`, RETRY];
    await run("producer", [...flags, "--count=1"]);
    {
      // As Ring.put leaves the memory between its first step and its last.
      using segment = openShared(objectName(name));
      const words = new Int32Array(segment.memory);
      Atomics.store(words, WORD.sending, words[WORD.lastEnd]);
      Atomics.add(words, WORD.tail, 1);
    }
    await run("producer", [...flags, "--count=1", "--from=3"]);
    await using consumer = start("consumer", [...flags, "--until-end"]);
    const { code, log } = await consumer.ended();
    assertEquals(valuesRead(consumer), [1, 3], log);
    assert(
      log.includes("Cannot read a message whose sender was killed in it"),
      log,
    );
    assertEquals([code, leftovers(name)], [1, []]);
  },
});

Deno.test({
  name: "lab does not start if messages of an earlier run lie there",
  ignore,
  async fn() {
    for (const via of ["queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`];
      await run("producer", [...flags, "--count=4"]);
      const { code, log } = await run("lab", flags);
      assertEquals(code, 1, log);
      assert(
        log.endsWith(
          `ERROR:parent:Cannot start as messages of an earlier run lie in the ${via}: remove it: deno task remove --via=${via} --name=${name}, or choose another --name`,
        ),
        log,
      );
      assertEquals((await run("remove", flags)).code, 0);
      assertEquals(leftovers(name), []);
    }
  },
});

Deno.test("socket: a consumer removes its own name, and no other's", async () => {
  const name = freshName();
  const flags = ["--via=socket", `--name=${name}`, RETRY];
  await using first = start("consumer", flags);
  await first.saw("Data not available");
  first.kill("SIGSTOP"); // or it would listen at the name again
  await run("remove", flags.slice(0, 2));
  await using second = start("consumer", flags);
  await second.saw("Data not available");
  first.kill("SIGINT");
  first.kill("SIGCONT");
  assert((await first.ended()).code !== 0);
  await using producer = start("producer", [...flags, "--pause=0"]);
  await assertWell(name, producer, second);
});

Deno.test({
  name: "socket: a sender that sends without end does not keep another out",
  ignore,
  async fn() {
    const name = freshName();
    const flags = ["--via=socket", `--name=${name}`, "--quiet"];
    await using consumer = start("consumer", [...flags, "--until-end"]);
    const endless = ReadableStream.from((function* () {
      const lines = new TextEncoder().encode("a".repeat(8000) + "\n");
      for (;;) yield lines;
    })());
    await using first = start("producer", [...flags, "--input=-"], {
      input: endless,
    });
    await using second = start("producer", [...flags, "--count=100000"]);
    assertEquals((await second.ended()).code, 0);
    first.kill("SIGINT");
    assertEquals((await first.ended()).code, 130);
    // A message that the first sender had half sent may be cut off.
    assert((await consumer.ended()).log.includes("Read "));
    assertEquals(leftovers(name), []);
  },
});

Deno.test({
  name: "socket: if no descriptor is left, further producers wait",
  ignore,
  async fn() {
    const name = freshName();
    const flags = `--via=socket --name=${name} --quiet`;
    const task = (command: string) =>
      `${Deno.execPath()} run --no-prompt --allow-read=. --allow-write=run --allow-ffi scripts/${command}.ts ${flags}`;
    // Deno itself has some 20 descriptors open.
    await using consumer = shell(
      `ulimit -n 32; exec ${task("consumer")} --count=60`,
    );
    await consumer.saw("Pid");
    const line = task("producer");
    await using producers = shell(
      `for i in $(seq 20); do ${line} --count=3 & done; wait`,
    );
    await assertWell(name, producers, consumer);
  },
});

Deno.test("--verbose logs what is opened, how long each message is, and what is started", async () => {
  const name = freshName();
  const flags = [`--name=${name}`, "--count=1", "--verbose"];
  const { code, log } = await run("lab", flags);
  assertEquals(code, 0, log);
  for (
    const text of [
      "DEBUG:parent:Starting producer: deno run ",
      `DEBUG:process1:Opened fifo: a named pipe, made with mkfifo; run/${name}.fifo`,
      "DEBUG:process1:Message 1: 1 byte",
      "DEBUG:process2:Message 1: 1 byte",
    ]
  ) assert(log.includes(text), log);
});

Deno.test("no task prompts at the terminal, as that would hold up Ctrl-C", () => {
  for (const { command } of Object.values(config.tasks)) {
    if (command.includes("scripts/")) assert(command.includes(" --no-prompt "));
  }
});

Deno.test({
  name: "a segment that is too large to map is a clear error, and is removed",
  ignore,
  async fn() {
    const name = freshName();
    const path = `/dev/shm${objectName(name)}`;
    await using truncate = shell(`truncate -s 3G ${path} && chmod 600 ${path}`);
    await truncate.ended();
    const flags = ["--via=shm", `--name=${name}`];
    const { code, log } = await run("consumer", flags);
    assertEquals(code, 1);
    assert(log.includes("as it has 3221225472 bytes: at most"), log);
    const removed = await run("remove", flags);
    assertEquals(removed.code, 0, removed.log);
    assertEquals(leftovers(name), []);
  },
});

Deno.test({
  name: "mechanisms says what the kernel refuses",
  ignore,
  async fn() {
    const { command } = config.tasks.mechanisms;
    await using script = shell(
      `exec prlimit --msgqueue=0 ${command.replace(/^deno/, Deno.execPath())}`,
    );
    const text = new TextDecoder().decode(await script.output());
    assert(/^queue is not available: Cannot mq_open/m.test(text), text);
    assert(!/^shm is not/m.test(text), text);
    for (const line of text.split("\n").slice(0, 7)) assert(line.length <= 80);
  },
});
