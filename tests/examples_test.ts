// The smallest programs, started as a student starts them.
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  differences,
  freshName,
  hasPython,
  leftovers,
  range,
  Running,
  start,
  valuesRead,
} from "./scripts.ts";

const PRODUCER = "fifo_producer.ts";
const CONSUMER = "fifo_consumer.ts";

/** A log with `N` in the place of the Pid. */
function withoutPid({ lines }: Running): string[] {
  return lines.map((line) => line.replace(/:Pid:\d+$/, ":Pid:N"));
}

const PRODUCER_LOG = [
  "INFO:process1:Pid:N",
  ...range(1, 10).map((value) => `INFO:process1:Writing ${value}`),
  "INFO:process1:Finished process 1",
];
const CONSUMER_LOG = [
  "INFO:process2:Pid:N",
  ...range(1, 10).map((value) => `INFO:process2:Read: ${value}`),
  "INFO:process2:Finished process 2",
];

/** Waits until all have ended. If one fails, the other may wait for ever. */
async function allWell(...programs: Running[]): Promise<void> {
  await Promise.all(programs.map(async (program) => {
    const { code, log } = await program.ended();
    assertEquals(code, 0, log);
  }));
}

/** Resolves when a program has made its FIFO. */
async function fifoAt(path: string, maker: Running): Promise<void> {
  let ended = false;
  maker.ended().then(() => ended = true);
  for (;;) {
    try {
      if (Deno.lstatSync(path).isFifo) return;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    assert(!ended, `ended without ${path}:\n${maker.lines.join("\n")}`);
    await delay(10);
  }
}

/** A folder with examples/ alone: a fresh clone has no run/ either. */
async function freshFolder() {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/examples`);
  for (const name of [PRODUCER, CONSUMER]) {
    const file = new URL(`../examples/${name}`, import.meta.url);
    await Deno.copyFile(file, `${folder}/examples/${name}`);
  }
  return {
    folder,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Runs an example with the command that its first line gives. */
function startExample(name: string, folder: string, ...more: string[]) {
  const [first] = Deno.readTextFileSync(`${folder}/examples/${name}`)
    .split("\n");
  const [, command = ""] = /^\/\/ Process \d: deno (.*)$/.exec(first) ?? [];
  const args = [...command.split(" "), ...more];
  args.splice(1, 0, "--no-prompt");
  return new Running(Deno.execPath(), args, { cwd: folder });
}

for (
  const [order, names, path] of [
    ["the producer first", [PRODUCER, CONSUMER], "run/example.fifo"],
    ["the consumer first", [CONSUMER, PRODUCER], "run/example.fifo"],
    ["both at once, at another path", [PRODUCER, CONSUMER], "run/other.fifo"],
  ] as const
) {
  Deno.test(`fifo_producer.ts and fifo_consumer.ts: ${order}`, async () => {
    await using fresh = await freshFolder();
    const { folder } = fresh;
    const atOnce = path === "run/other.fifo";
    const more = atOnce ? [path] : [];

    await using one = startExample(names[0], folder, ...more);
    if (!atOnce) await fifoAt(`${folder}/${path}`, one);
    await using two = startExample(names[1], folder, ...more);
    await allWell(one, two);

    const [producer, consumer] = names[0] === PRODUCER
      ? [one, two]
      : [two, one];
    assertEquals(withoutPid(producer), PRODUCER_LOG);
    assertEquals(withoutPid(consumer), CONSUMER_LOG);
    assertEquals([...Deno.readDirSync(`${folder}/run`)], []);
  });
}

const ignore = !hasPython();

/** A test that is ignored where python3 is missing. */
function pythonTest(name: string, run: () => Promise<void>): void {
  Deno.test(`${name} (needs python3)`, { ignore }, run);
}

/** Starts a Python example in the project's folder. */
function startPython(name: string, ...more: string[]): Running {
  return new Running("python3", [`examples/${name}`, ...more]);
}

for (const method of ["fork", "spawn"]) {
  pythonTest(
    `sheet.py agrees with the sheet, started with ${method}`,
    async () => {
      const flags = ["--pause=2", "--retry=0.2", `--start=${method}`];
      await using sheet = startPython("sheet.py", ...flags);
      const { code, log } = await sheet.ended();
      const wrong = differences(sheet, { pause: 2000, retry: 200 });
      assertEquals([code, wrong], [0, []], log);
      const pids = [...log.matchAll(/:Pid:(\d+)$/gm)].map(([, pid]) => pid);
      assertEquals(new Set(pids).size, 3, log);
    },
  );
}

pythonTest("sheet.py ends when process 1 is killed", async () => {
  await using sheet = startPython("sheet.py", "--pause=30", "--retry=0.2");
  const line = await sheet.saw("INFO:process1:Pid:");
  await sheet.saw("Data not available");
  Deno.kill(Number(line.split(":").at(-1)), "SIGKILL");
  const { code, log } = await sheet.ended();
  assertEquals(code, 1, log);
});

const OURS = ["--retry=20ms", "--timeout=30s"];

for (const pythonFirst of [true, false]) {
  const order = pythonFirst ? "before" : "after";

  pythonTest(
    `fifo_peer.py producer, started ${order} deno task consumer`,
    async () => {
      const name = freshName();
      const path = `run/${name}.fifo`;
      const startConsumer = () =>
        start("consumer", [`--name=${name}`, ...OURS]);
      const startProducer = () => startPython("fifo_peer.py", "producer", path);

      await using first = pythonFirst ? startProducer() : startConsumer();
      if (pythonFirst) await fifoAt(path, first);
      else await first.saw("Data not available");
      await using second = pythonFirst ? startConsumer() : startProducer();
      await allWell(first, second);
      assertEquals(leftovers(name), []);

      const [producer, consumer] = pythonFirst
        ? [first, second]
        : [second, first];
      assertEquals(withoutPid(producer), PRODUCER_LOG);
      assertEquals(valuesRead(consumer), range(1, 10));
    },
  );

  pythonTest(
    `fifo_peer.py consumer, started ${order} deno task producer`,
    async () => {
      const name = freshName();
      const path = `run/${name}.fifo`;
      const flags = [`--name=${name}`, ...OURS, "--pause=50ms"];
      const startProducer = () => start("producer", flags);
      const startConsumer = () => startPython("fifo_peer.py", "consumer", path);

      await using first = pythonFirst ? startConsumer() : startProducer();
      if (pythonFirst) await fifoAt(path, first);
      else await first.saw("Nobody reads yet");
      await using second = pythonFirst ? startProducer() : startConsumer();
      await allWell(first, second);
      assertEquals(leftovers(name), []);

      const consumer = pythonFirst ? first : second;
      assertEquals(withoutPid(consumer), CONSUMER_LOG);
    },
  );
}

pythonTest(
  "fifo_peer.py meets itself at run/lab.fifo, where no path is given",
  async () => {
    await using fresh = await freshFolder();
    const { folder } = fresh;
    const file = new URL("../examples/fifo_peer.py", import.meta.url).pathname;
    const startIn = (role: string) =>
      new Running("python3", [file, role], { cwd: folder });
    await using producer = startIn("producer");
    await fifoAt(`${folder}/run/lab.fifo`, producer);
    await using consumer = startIn("consumer");
    await allWell(producer, consumer);
    assertEquals(withoutPid(producer), PRODUCER_LOG);
    assertEquals(withoutPid(consumer), CONSUMER_LOG);
    assertEquals([...Deno.readDirSync(`${folder}/run`)], []);
  },
);
