// Message passing in full: header checks, priorities, naming, rendezvous and
// buffering, with the real scripts.
import { assert, assertEquals } from "@std/assert";
import { SequenceCheck } from "../../lib/message/sequence_check.ts";
import { delay } from "@std/async/delay";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { available } from "../../lib/posix/available.ts";
import {
  assertWell,
  freshName,
  leftovers,
  range,
  run,
  type Running,
  shell,
  start,
  valuesRead,
} from "../scripts.ts";

const RETRY = "--retry=50ms";
const NAMED = ["fifo", "queue", "shm", "socket"];
const ignore = available() !== true;

function header(seq: number, priority = 0, from = "process1") {
  return { type: "data", from, to: "process2", seq, priority };
}

Deno.test("SequenceCheck names a gap and a repeat, and knows each sender", () => {
  const check = new SequenceCheck();
  const look = (seq: number, priority = 0, from = "a") =>
    check.look(header(seq, priority, from));
  assertEquals([look(1), look(2), look(1, 0, "b")], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(look(5), "Seq 5 from a comes after 2: 2 are missing");
  assertEquals(look(5), "Seq 5 from a comes after 5: a repeat");
  assertEquals(look(4), "Seq 4 from a comes after 5: a repeat");
  assertEquals(look(1), undefined); // it has started again
  assertEquals(look(1), undefined); // and once more, after one message
  assertEquals(look(2), undefined);
  assertEquals(look(3, 0, "b"), "Seq 3 from b comes after 1: 1 is missing");
});

Deno.test("SequenceCheck forgets the senders that were silent longest: its memory is bounded", () => {
  const check = new SequenceCheck();
  const look = (from: string, seq: number) => check.look(header(seq, 0, from));
  for (let i = 0; i < 2000; i++) look(`${i}`, 1);
  assertEquals(look("1999", 3), "Seq 3 from 1999 comes after 1: 1 is missing");
  assertEquals(look("0", 3), "Seq 3 from 0 comes after 0: 2 are missing");
});

Deno.test("SequenceCheck lets a higher priority overtake, but not twice", () => {
  const check = new SequenceCheck();
  for (
    const [seq, priority] of [[3, 9], [6, 9], [2, 5], [5, 5], [1, 0], [4, 0]]
  ) {
    assertEquals(check.look(header(seq, priority)), undefined, `${seq}`);
  }
  assertEquals(
    check.look(header(4, 0)),
    "Seq 4 from process1 comes after 4: a repeat",
  );
});

/** A message in header format, as printf(1) takes it. */
function wire(seq: number, body: string): string {
  return `Type: data\\nFrom: process1\\nTo: process2\\nSeq: ${seq}\\nPriority: 0\\n` +
    `Content-Length: ${body.length}\\n\\n${body}\\n`;
}

Deno.test("a gap or a repeat in Seq is a WARNING, a bad header an ERROR; reading goes on", async () => {
  const name = freshName();
  const flags = [`--name=${name}`, RETRY, "--format=header", "--until-end"];
  await using consumer = start("consumer", flags);
  await consumer.saw("Data not available");
  const text = wire(1, "one") + wire(4, "four") + wire(4, "again") +
    "Type: data\\nSeq: many\\n\\n" + wire(5, "five");
  await using sender = shell(`printf '${text}' > run/${name}.fifo`);
  const { code, log } = await consumer.ended();
  assertEquals((await sender.ended()).code, 0);
  assertEquals(code, 1, log);
  assertEquals(
    consumer.lines.filter((line) => /Read|WARN|ERROR/.test(line)),
    [
      "INFO:process2:Read: one",
      "WARNING:process2:Seq 4 from process1 comes after 1: 2 are missing",
      "INFO:process2:Read: four",
      "WARNING:process2:Seq 4 from process1 comes after 4: a repeat",
      "INFO:process2:Read: again",
      'ERROR:process2:Cannot read a header as it lacks From: "Type: data\\nSeq: many"',
      "INFO:process2:Read: five",
      "ERROR:process2:1 of 5 messages was bad: 4 values were read",
    ],
  );
});

Deno.test({
  name: "on the queue, higher priorities overtake; elsewhere, the order stays",
  ignore,
  async fn() {
    for (const via of ["queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, "--format=header"];
      const produced = await run("producer", [
        ...flags,
        "--count=6",
        "--pause=0",
        "--priorities=0,5,9",
      ]);
      assertEquals(produced.code, 0, produced.log);
      await using consumer = start("consumer", [...flags, "--count=6"]);
      await assertWell(name, consumer);
      const order = via === "queue" ? [3, 6, 2, 5, 1, 4] : range(1, 6);
      assertEquals(valuesRead(consumer), order);
      assert(!consumer.lines.some((line) => line.includes(":Seq ")));
    }
  },
});

for (const via of NAMED) {
  const needsFfi = via === "queue" || via === "shm";

  Deno.test({
    name: `${via}: --to sends only to the consumer of that name`,
    ignore: ignore && needsFfi,
    async fn() {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, RETRY];
      await using other = start("consumer", [
        ...flags,
        "--timeout=2s",
      ]);
      await other.saw("Pid:");
      await using named = start("consumer", [
        ...flags,
        "--as=process2",
      ]);
      await named.saw("Pid:");
      await using producer = start("producer", [
        ...flags,
        "--to=process2",
        "--pause=0",
      ]);
      assertEquals((await producer.ended()).code, 0);
      assertEquals((await named.ended()).code, 0);
      assertEquals(valuesRead(named), range(1, 10));
      assertEquals((await other.ended()).code, 1);
      assertEquals(valuesRead(other), []);
      assertEquals(leftovers(name), []);
    },
  });

  Deno.test({
    name: `${via}: --sync goes on when process 2 has taken the message`,
    ignore: ignore && needsFfi,
    async fn() {
      for (
        const flag of via === "fifo" ? ["--sync", "--capacity=0"] : ["--sync"]
      ) {
        const name = freshName();
        const flags = [`--via=${via}`, `--name=${name}`, RETRY];
        await using lab = start("lab", [
          ...flags,
          flag,
          "--count=4",
          "--pause=0",
        ]);
        const { code, log } = await lab.ended();
        assertEquals(code, 0, log);
        const story = lab.lines.filter((line) =>
          /Writing|Delivered/.test(line)
        );
        assertEquals(
          story.map((line) => line.split(":")[2]),
          range(1, 4).flatMap((n) => [`Writing ${n}`, `Delivered ${n}`]),
        );
        assertEquals(leftovers(name), []);
      }
    },
  });
}

Deno.test("--sync refuses a mechanism that cannot acknowledge", async () => {
  for (const via of ["pipe", "workers"]) {
    const { code, log } = await run("lab", [`--via=${via}`, "--sync"]);
    assertEquals(code, 2);
    assert(log.includes(`--sync: it must be left out with --via=${via}`), log);
  }
  const line = await run("lab", ["--sync", "--format=line"]);
  assertEquals(line.code, 2);
  assert(line.log.includes("--format=line: it must be header with --sync"));
});

Deno.test("--sync without a consumer says what is missing, and leaves nothing behind", async () => {
  const name = freshName();
  const { code, log } = await run("producer", [
    `--name=${name}`,
    "--sync",
    "--retry=10ms",
    "--timeout=200ms",
  ]);
  assertEquals(code, 1);
  assert(log.endsWith("0 of 10 values were written, 10 are missing"), log);
  assertEquals(leftovers(name), []);
});

Deno.test({
  name: "two consumers share a mailbox: each message goes to one of them",
  ignore,
  async fn() {
    for (const via of ["queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, RETRY, "--wait=block"];
      const consumers: Running[] = [];
      await using one = start("consumer", [...flags, "--until-end"]);
      await using two = start("consumer", [...flags, "--until-end"]);
      consumers.push(one, two);
      for (const consumer of consumers) await consumer.saw("Pid:");
      await using producer = start("producer", [
        ...flags,
        "--count=40",
        "--pause=0",
        "--interval=5ms",
      ]);
      await assertWell(name, producer, one, two);
      const read = consumers.map(valuesRead);
      assertEquals(read.flat().toSorted((a, b) => a - b), range(1, 40));
      for (const mine of read) {
        assertEquals(
          mine,
          mine.toSorted((a, b) => a - b),
        );
      }
    }
  },
});

Deno.test({
  name: "with --capacity=N, the producer is never more than N messages ahead",
  ignore,
  async fn() {
    for (const via of ["queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, "--retry=20ms"];
      await using producer = start("producer", [
        ...flags,
        "--capacity=3",
        "--count=12",
        "--pause=0",
      ]);
      await producer.saw("Buffer full sleeping");
      // Three are in the buffer; the producer offers the fourth.
      const written = () =>
        producer.lines.filter((line) => line.includes("Writing ")).length;
      assertEquals(written(), 4);
      await producer.saw("Buffer full sleeping", 5);
      assertEquals(written(), 4);
      await using first = start("consumer", [...flags, "--count=2"]);
      assertEquals((await first.ended()).code, 0);
      await producer.saw("Writing 6");
      await producer.saw("Buffer full", producer.lines.length);
      assertEquals(written(), 6);
      await using rest = start("consumer", [...flags, "--count=10"]);
      await assertWell(name, producer, rest);
      assertEquals(valuesRead(rest), range(3, 12));
    }
  },
});

for (const via of NAMED) {
  Deno.test({
    name: `${via}: an acknowledgement that no producer reads is only a warning`,
    ignore,
    async fn() {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, RETRY];
      await using consumer = start("consumer", [
        ...flags,
        "--format=header",
        "--count=2",
      ]);
      await consumer.saw("Data not available");
      {
        const { openSender } = await mechanismNamed(via).load();
        await using sender = await openSender({ name });
        for (const seq of [1, 2]) {
          const record = new TextEncoder().encode(
            `Type: data\nFrom: a\nTo: b\nReply-To: ${name}.process1\n` +
              `Seq: ${seq}\nPriority: 0\nContent-Length: 1\n\n${seq}\n`,
          );
          while (sender.offer(record) !== true) await delay(10);
        }
      }
      await assertWell(name, consumer);
      assertEquals(valuesRead(consumer), [1, 2]);
      const warning =
        `WARNING:process2:Nobody reads '${name}.process1': its producer has gone`;
      assertEquals(
        consumer.lines.filter((line) => line.startsWith("WARNING")),
        [warning, warning],
      );
    },
  });
}

Deno.test({
  name: "--sync: an acknowledgement of an earlier run does not count",
  ignore,
  async fn() {
    for (const via of ["queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, RETRY];
      // Message 1 was acknowledged to every mailbox whose name can be guessed.
      const { openSender, remove } = await mechanismNamed(via).load();
      const mailbox = { name: `${name}.process1` };
      {
        await using sender = await openSender(mailbox);
        sender.offer(
          new TextEncoder().encode(header(1) + "Content-Length: 0\n\n\n"),
        );
      }
      const { code, log } = await run("producer", [
        ...flags,
        "--sync",
        "--count=1",
        "--timeout=500ms",
      ]);
      assertEquals(code, 1, log);
      assert(log.includes("No acknowledgement of 1 has come"), log);
      await remove(mailbox);
      await remove({ name });
      assertEquals(leftovers(name), []);
    }
  },
});

Deno.test({
  name:
    "--sync: two producers of one name do not take each other's acknowledgements",
  ignore,
  async fn() {
    for (const via of ["fifo", "queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, "--wait=block"];
      await using consumer = start("consumer", [
        ...flags,
        "--format=header",
        "--count=20",
      ]);
      const producer = ["--sync", "--pause=0", "--count=10"];
      await using one = start("producer", [...flags, ...producer]);
      await using two = start("producer", [...flags, ...producer]);
      await assertWell(name, consumer, one, two);
    }
  },
});

Deno.test({
  name:
    "a Reply-To over a pipe, or to another channel, is answered by a WARNING alone",
  ignore,
  async fn() {
    const message = (replyTo: string) =>
      `Type: data\\nFrom: a\\nTo: b\\nReply-To: ${replyTo}\\n` +
      "Seq: 1\\nPriority: 0\\nContent-Length: 1\\n\\n7\\n";
    await using pipe = shell(
      `printf '${message("a")}' | ${Deno.execPath()} task -q consumer ` +
        "--via=pipe --format=header --count=1 --output=-",
    );
    const { code, log } = await pipe.ended();
    assertEquals(code, 0, log);
    assertEquals(new TextDecoder().decode(await pipe.output()), "7\n");
    assert(
      log.includes("Cannot answer to 'a' as no channel has a name over pipe"),
    );

    const name = freshName();
    await using consumer = start("consumer", [
      `--name=${name}`,
      "--format=header",
      "--count=1",
      RETRY,
    ]);
    await consumer.saw("Data not available");
    await using _sender = shell(`printf '${message(name)}' > run/${name}.fifo`);
    await assertWell(name, consumer);
    await consumer.saw(`Cannot answer to '${name}': it must begin with`);
  },
});
