// Whether the owner of a ring's lock lives: across pid namespaces, as between
// containers that share /dev/shm.
import { assert, assertEquals } from "@std/assert";
import { available } from "../../lib/posix/available.ts";
import { openShared, unlinkShared } from "../../lib/posix/shm.ts";
import {
  claimNumber,
  isNumberTaken,
} from "../../lib/shared_memory/end_number.ts";
import { ringBytes, WORD } from "../../lib/shared_memory/layout.ts";
import {
  assertWell,
  freshName,
  leftovers,
  objectName,
  range,
  run,
  Running,
  start,
  taskArguments,
  valuesRead,
} from "../scripts.ts";

const PERMISSIONS = ["--no-prompt", "--allow-read=.", "--allow-ffi"];
const HOLDER = "tests/shared_memory/lock_holder.ts";

// A namespace of its own, in which the program is process 1; with it ends all
// that it has started.
const OWN_PIDS = ["--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"];

/** Why the kernel refuses pid namespaces here; `undefined`: it does not. */
function refusal(): string | undefined {
  if (available() !== true) return "no C library";
  try {
    const { success, stderr } = new Deno.Command("unshare", {
      args: [...OWN_PIDS, "true"],
      stdin: "null",
    }).outputSync();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return error.message;
    throw error;
  }
}

const refused = refusal();

function test(name: string, fn: () => Promise<void>) {
  const why = refused === undefined ? "" : ` (skipped: ${refused})`;
  Deno.test({ name: name + why, ignore: refused !== undefined, fn });
}

/** How to start a program as process 1 of a pid namespace of its own. */
const AS_PROCESS_1 = ["unshare", ...OWN_PIDS];

/** The same as process 300 or so: no other namespace has that number. */
const AS_PROCESS_300 = [
  ...AS_PROCESS_1,
  "sh",
  "-c",
  'i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; "$@"; exit $?',
  "sh",
];

function startIn(
  [command, ...how]: string[],
  task: "producer" | "consumer",
  flags: string[],
): Running {
  const args = [Deno.execPath(), ...taskArguments(task), ...flags];
  return new Running(command, [...how, ...args]);
}

/** Starts an end that stops in the middle of a step, with the role's lock. */
async function startHolder(
  [command, ...how]: string[],
  role: "sender" | "receiver",
  name: string,
): Promise<Running> {
  const args = ["run", "-q", ...PERMISSIONS, HOLDER, role, objectName(name)];
  const holder = new Running(command, [...how, Deno.execPath(), ...args], {
    input: new ReadableStream(), // stays open as long as the test runs
  });
  await holder.saw("Holding");
  return holder;
}

Deno.test({
  name: "claimNumber() gives numbers that are taken until the end closes",
  ignore: available() !== true,
  fn() {
    const name = `/ipc-lab.${freshName()}`;
    const bytes = ringBytes(1, 8);
    using first = openShared(name, { create: true, bytes });
    using second = openShared(name);
    using outside = openShared(name);
    unlinkShared(name);
    const words = new Int32Array(first.memory);
    words[WORD.lastEnd] = 2 ** 31 - 2;
    assertEquals(claimNumber(first.memory, first.fd), 2 ** 31 - 1);
    assertEquals(claimNumber(second.memory, second.fd), 1); // never 0
    const taken = () =>
      [1, 2, 2 ** 31 - 1].filter((each) => isNumberTaken(outside.fd, each));
    assertEquals(taken(), [1, 2 ** 31 - 1]);
    words[WORD.lastEnd] = 0;
    assertEquals(claimNumber(outside.memory, outside.fd), 2); // 1 is taken
    second.close();
    assertEquals(taken(), [2 ** 31 - 1]);
  },
});

test("shm: ends in pid namespaces of their own, with the same and with other numbers, lose nothing", async () => {
  const name = freshName();
  const flags = ["--via=shm", `--name=${name}`, "--quiet", "--timeout=60s"];
  const each = 200_000;
  const count = `--count=${each}`;
  await using low = startIn(AS_PROCESS_300, "producer", [
    ...flags,
    count,
    "--from=1",
  ]);
  const from = `--from=${each + 1}`;
  await using high = startIn(AS_PROCESS_1, "producer", [...flags, count, from]);
  const output = [...flags, count, "--output=-"];
  await using one = startIn(AS_PROCESS_300, "consumer", output);
  await using two = startIn(AS_PROCESS_1, "consumer", output);
  await assertWell(name, low, high, one, two);
  const lines: string[] = [];
  for (const consumer of [one, two]) {
    const text = new TextDecoder().decode(await consumer.output());
    for (const line of text.trimEnd().split("\n")) lines.push(line);
  }
  const values = Float64Array.from(lines, Number).sort();
  assertEquals(values.length, 2 * each);
  assert(values.every((value, i) => value === i + 1));
});

test("shm: a killed producer's lock is taken over from another pid namespace", async () => {
  const name = freshName();
  const flags = ["--via=shm", `--name=${name}`, "--retry=50ms"];
  await run("producer", [...flags, "--count=2"]);
  await using holder = await startHolder(AS_PROCESS_1, "sender", name);
  await using producer = startIn(AS_PROCESS_1, "producer", [
    ...flags,
    "--count=2",
    "--from=3",
  ]);
  // The holder lives; both are process 1.
  await producer.saw("Buffer locked sleeping for 0.05 seconds", 3);
  assert(!producer.lines.join("\n").includes("Buffer full"));
  holder.kill("SIGKILL");
  await holder.ended();
  assertEquals((await producer.ended()).code, 0);
  await using consumer = start("consumer", [...flags, "--until-end"]);
  const { code, log } = await consumer.ended();
  assertEquals(valuesRead(consumer), [1, 2, 3, 4], log);
  assert(log.includes("a message whose sender was killed in it"), log);
  assertEquals([code, leftovers(name)], [1, []]);
});

test("shm: a killed consumer's lock is taken over from another pid namespace", async () => {
  const name = freshName();
  const flags = ["--via=shm", `--name=${name}`, "--retry=50ms"];
  await run("producer", [...flags, "--count=5"]);
  await using holder = await startHolder(AS_PROCESS_300, "receiver", name);
  await using consumer = startIn(AS_PROCESS_1, "consumer", [
    ...flags,
    "--count=4",
  ]);
  // The holder lives, though the consumer's namespace has no process 300.
  await consumer.saw("Buffer locked sleeping for 0.05 seconds", 3);
  assert(!consumer.lines.join("\n").includes("Data not available"));
  holder.kill("SIGKILL");
  await holder.ended();
  // The killed consumer had begun to take value 1: it is lost with it.
  await assertWell(name, consumer);
  assertEquals(valuesRead(consumer), range(2, 5));
});

test("shm: a number in a lock that no end has is nobody's", async () => {
  const name = freshName();
  const flags = ["--via=shm", `--name=${name}`, "--retry=50ms"];
  await run("producer", [...flags, "--count=5"]);
  for (const [i, owner] of [Deno.pid, 1, 2 ** 31 - 1].entries()) {
    {
      using segment = openShared(objectName(name));
      Atomics.store(new Int32Array(segment.memory), WORD.receiving, owner);
    }
    await using consumer = start("consumer", [...flags, "--count=1"]);
    assertEquals((await consumer.ended()).code, 0);
    assertEquals(valuesRead(consumer), [i + 1]);
  }
  await run("remove", flags.slice(0, 2));
});
