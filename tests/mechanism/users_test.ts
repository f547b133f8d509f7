// Two users on one machine: their channels never meet, and what belongs to the
// other is refused in one line.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { available } from "../../lib/posix/available.ts";
import { MessageQueue } from "../../lib/posix/mqueue.ts";
import { openShared, unlinkShared } from "../../lib/posix/shm.ts";
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
import { NOBODY, noSecondUser, SecondUser } from "../second_user.ts";

const refused = available() !== true ? "no C library" : noSecondUser();

/** A step of a test: its name, and what it does. */
type Step = [name: string, fn: () => Promise<void>];

/** The name of a test, with the reason if it is skipped. */
function named(name: string): string {
  return refused === undefined ? name : `${name} (skipped: ${refused})`;
}

const ignore = refused !== undefined;

Deno.test({
  name: named("two users on one machine do not meet, and are told why not"),
  ignore,
  async fn(t) {
    await using user = await SecondUser.make();
    await t.step(...foreignProject(user));
    await user.own();
    await t.step(...sameName(user));
    await t.step(...unreadableDeno(user));
    await t.step(...foreignObjects(user));
  },
});

function sameName(user: SecondUser): Step {
  return ["two users run the lab at one name at the same time", async () => {
    for (const via of ["queue", "shm"]) {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`];
      const fast = ["--pause=0", "--retry=50ms"];
      await run("producer", [...flags, "--count=4"]); // ours lie there meanwhile
      await using lab = user.start("lab", [...flags, ...fast]);
      const { code, log } = await lab.ended();
      assertEquals(code, 0, log);
      assertEquals(valuesRead(lab), range(1, 10));
      await using ours = start("consumer", [...flags, "--count=4"]);
      await assertWell(name, ours);
      assertEquals(valuesRead(ours), range(1, 4));
    }
  }];
}

function unreadableDeno(user: SecondUser): Step {
  return [
    "the lab over every mechanism, as a user who may not read Deno itself",
    async () => {
      for (const via of ["fifo", "pipe", "queue", "shm", "workers", "socket"]) {
        await using lab = user.start("lab", [
          `--via=${via}`,
          `--name=${freshName()}`,
          "--pause=0",
          "--retry=50ms",
        ]);
        const { code, log } = await lab.ended();
        assertEquals(code, 0, log);
        assertEquals(valuesRead(lab), range(1, 10));
      }
    },
  ];
}

function foreignProject(user: SecondUser): Step {
  return ["a project of another user: one line says to copy it", async () => {
    for (const via of ["fifo", "socket"]) {
      await using consumer = user.start("consumer", [`--via=${via}`]);
      const { code, log } = await consumer.ended();
      assertEquals([code, log.split("\n").length], [1, 1], log);
      assertMatch(
        log,
        /^ERROR:process2:Cannot make the folder run\/ in \S+: Permission denied: copy the project to a folder of your own$/,
      );
    }
    const run = `${user.project}/run`;
    await Deno.mkdir(run);
    for (const mode of [0o755, 0o700]) { // ours has 0700
      await Deno.chmod(run, mode);
      for (const via of ["fifo", "socket"]) {
        await using consumer = user.start("consumer", [`--via=${via}`]);
        const { code, log } = await consumer.ended();
        assertEquals(code, 1);
        assertEquals(
          log,
          `ERROR:process2:Cannot use run/ as it belongs to user 0 and we are user ${NOBODY}: copy the project to a folder of your own`,
        );
      }
    }
  }];
}

function foreignObjects(user: SecondUser): Step {
  return [
    "a queue or segment of another user is refused: Permission denied",
    async () => {
      const name = freshName();
      const object = `/ipc-lab-${NOBODY}.${name}`;
      using _queue = MessageQueue.open(object, {
        create: { capacity: 1, size: 8192 },
      });
      using _segment = openShared(object, { create: true, bytes: 4096 });
      try {
        for (const via of ["queue", "shm"]) {
          for (const task of ["producer", "consumer", "remove"] as const) {
            await using script = user.start(task, [
              `--via=${via}`,
              `--name=${name}`,
            ]);
            const { code, log } = await script.ended();
            assertEquals([code, log.split("\n").length], [1, 1], log);
            assertMatch(log, /Cannot (mq|shm)_open \S+: Permission denied/);
          }
        }
      } finally {
        MessageQueue.unlink(object);
        unlinkShared(object);
      }
    },
  ];
}

Deno.test({
  name: named(
    "a segment that another user has made at our name is refused, and not removed",
  ),
  ignore,
  async fn() {
    const name = freshName();
    const object = objectName(name);
    using _segment = openShared(object, { create: true, bytes: 4096 });
    try {
      // Deno itself changes files in /dev only with --allow-all.
      const args = [`${NOBODY}:${NOBODY}`, `/dev/shm${object}`];
      assert((await new Deno.Command("chown", { args }).output()).success);
      const flags = ["--via=shm", `--name=${name}`];
      const consumer = await run("consumer", flags);
      assertEquals(consumer.code, 1);
      assert(
        consumer.log.includes(`as it belongs to user ${NOBODY}`),
        consumer.log,
      );
      const removed = await run("remove", flags);
      assertEquals(removed.code, 1);
      assertMatch(
        removed.log,
        /Cannot remove \S+ as it belongs to user 65534 and we are user 0$/,
      );
      assertEquals(leftovers(name).length, 1);
    } finally {
      unlinkShared(object);
    }
  },
});
