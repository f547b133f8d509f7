// The lab shares its channel only with its own children, and warns of messages
// that an earlier run has left.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mechanismNamed, MECHANISMS } from "../mechanisms.ts";
import { makeRunFolder } from "../../lib/mechanism/run_folder.ts";
import {
  close,
  mkfifo,
  O_NONBLOCK,
  O_RDWR,
  open,
} from "../../lib/posix/file.ts";
import { MessageQueue } from "../../lib/posix/mqueue.ts";
import { openShared } from "../../lib/posix/shm.ts";
import { stat } from "../../lib/posix/stat.ts";
import {
  assertWell,
  freshName,
  leftovers,
  mailboxName,
  objectName,
  range,
  run,
  start,
  valuesRead,
} from "../scripts.ts";

const NAMED = MECHANISMS.filter(({ properties }) =>
  properties.openedBy === "name"
);
const QUICK = ["--pause=100ms", "--retry=20ms"];

for (const { name: via, properties, available } of NAMED) {
  const ignore = available() !== true;
  const object = (name: string) =>
    via === "nats"
      ? mailboxName(name)
      : properties.outlives
      ? objectName(name)
      : `run/${name}.${via === "socket" ? "sock" : "fifo"}`;

  Deno.test({
    name:
      `lab --via=${via} refuses a channel that a producer or a consumer has open, and says which`,
    ignore,
    async fn() {
      for (const task of ["producer", "consumer"] as const) {
        const name = freshName();
        const flags = [`--via=${via}`, `--name=${name}`];
        const count = task === "producer" ? ["--interval=1m"] : [];
        await using forgotten = start(task, [...flags, ...count]);
        await forgotten.saw(task === "producer" ? "Writing 1" : "Pid:");
        const { code, log } = await run("lab", flags);
        assertEquals(code, 1, log);
        assert(
          log.includes(
            `ERROR:parent:Cannot start as a ${task} has ${object(name)} open`,
          ),
          log,
        );
        forgotten.kill("SIGINT");
        await forgotten.ended();
        await (await mechanismNamed(via).load()).remove({ name });
      }
    },
  });

  Deno.test({
    name: `lab --via=${via} twice at once: one runs, the other refuses`,
    ignore,
    async fn() {
      const name = freshName();
      // The first run is longer than the start of the second.
      const flags = [`--via=${via}`, `--name=${name}`, "--pause=3s"];
      await using one = start("lab", flags);
      await using two = start("lab", flags);
      const ended = await Promise.all([one.ended(), two.ended()]);
      const [ran, refused] = ended[0].code === 0 ? [one, two] : [two, one];
      assertEquals(ended.map(({ code }) => code).sort(), [0, 1]);
      assertEquals(valuesRead(ran), range(1, 10));
      assertMatch(
        refused.lines.join("\n"),
        /Cannot start as another lab has \S+ open: wait for its end, or choose another --name$/,
      );
      assertEquals(leftovers(name), []);
    },
  });

  if (!properties.outlives) continue;
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    if (via === "nats") break; // its name counts no links
    Deno.test({
      name:
        `lab --via=${via} ended by ${signal} leaves the name to a consumer that has it open`,
      ignore,
      async fn() {
        const name = freshName();
        const flags = [`--via=${via}`, `--name=${name}`, "--retry=20ms"];
        await using lab = start("lab", [...flags, "--pause=1m"]);
        await lab.saw("process2:Read: 6");
        await using consumer = start("consumer", [...flags, "--count=1"]);
        await consumer.saw("Data not available");
        using held = via === "queue"
          ? MessageQueue.open(object(name))
          : openShared(object(name));
        lab.kill(signal);
        await lab.ended(); // and its children, who share its standard error
        assertEquals(stat(held.fd).links, 1);
        await using producer = start("producer", [
          ...flags,
          "--count=1",
          "--from=77",
        ]);
        await assertWell(name, producer, consumer);
        assertEquals(valuesRead(consumer), [77]);
      },
    });
  }

  Deno.test({
    name:
      `${via}: either end warns of messages that lie there since an earlier run`,
    ignore,
    async fn() {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, ...QUICK];
      const warning = (task: string, count: number) =>
        `WARNING:${task}:${
          count === 1 ? "1 message lies" : `${count} messages lie`
        } in ${object(name)} since an earlier run: to throw ${
          count === 1 ? "it" : "them"
        } away, remove it: deno task remove --via=${via} --name=${name}`;
      const first = await run("producer", [...flags, "--count=1"]);
      assert(!first.log.includes("WARNING"), first.log);
      const second = await run("producer", [
        ...flags,
        "--count=2",
        "--from=2",
      ]);
      assert(second.log.includes(warning("process1", 1)), second.log);
      await using consumer = start("consumer", [
        "--retry=20ms",
        `--via=${via}`,
        `--name=${name}`,
        "--count=3",
      ]);
      await assertWell(name, consumer);
      assert(consumer.lines.includes(warning("process2", 3)));
      assertEquals(valuesRead(consumer), range(1, 3));
    },
  });
}

Deno.test("lab refuses a FIFO that another program writes to, as `exec 3<> run/lab.fifo`", async () => {
  const name = freshName();
  const path = `run/${name}.fifo`;
  makeRunFolder();
  assertEquals(mkfifo(path, 0o600), 0);
  const writer = open(path, O_RDWR | O_NONBLOCK);
  try {
    const { code, log } = await run("lab", [`--name=${name}`]);
    assertEquals(code, 1, log);
    assert(
      log.includes(
        `ERROR:parent:Cannot start as another program writes to ${path}: ` +
          "end it, or choose another --name",
      ),
      log,
    );
  } finally {
    close(writer);
  }
  assertEquals(leftovers(name), []);
});
