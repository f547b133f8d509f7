// README, "Programs of others": shell, Python and C as peers of our scripts.
import { assertEquals } from "@std/assert";
import { available } from "../../lib/posix/available.ts";
import {
  assertWell,
  freshName,
  hasPython,
  leftovers,
  objectName,
  range,
  run,
  Running,
  shell,
  start,
  valuesRead,
} from "../scripts.ts";

const RETRY = ["--retry=20ms", "--timeout=30s"];
const ignore = available() !== true;

function hasCompiler(): boolean {
  try {
    return new Deno.Command("cc", { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function pythonTest(what: string, fn: () => Promise<void>) {
  const name = `${what} (needs python3)`;
  Deno.test({ name, ignore: ignore || !hasPython(), fn });
}

const python = (program: string, ...args: string[]) =>
  new Running("python3", ["-c", program, ...args]);

const text = async (program: Running) =>
  new TextDecoder().decode(await program.output());

const LINES = range(1, 10).join("\n") + "\n";

Deno.test("fifo: seq writes to our consumer, cat reads from our producer", async () => {
  const name = freshName();
  const flags = [`--name=${name}`, ...RETRY];
  await using consumer = start("consumer", flags);
  await consumer.saw("Data not available");
  await using seq = shell(`exec seq 10 > run/${name}.fifo`);
  await assertWell(name, seq, consumer);
  assertEquals(valuesRead(consumer), range(1, 10));

  await using producer = start("producer", [...flags, "--pause=0"]);
  await producer.saw("Nobody reads yet");
  await using cat = shell(`exec cat run/${name}.fifo`);
  await assertWell(name, producer, cat);
  assertEquals(await text(cat), LINES);
});

pythonTest(
  "fifo: Python's os.mkfifo() makes the FIFO, our producer fills it",
  async () => {
    const name = freshName();
    await using reader = python(
      `
import os, sys
os.makedirs("run", mode=0o700, exist_ok=True)
os.mkfifo(sys.argv[1], 0o600)
print("made", file=sys.stderr, flush=True)
print(open(sys.argv[1]).read(), end="")
`,
      `run/${name}.fifo`,
    );
    await reader.saw("made");
    const flags = [`--name=${name}`, ...RETRY, "--pause=0"];
    await using producer = start("producer", flags);
    await assertWell(name, producer, reader);
    assertEquals(await text(reader), LINES);
  },
);

Deno.test("pipe: seq and sort stand at the two ends of a pipeline", async () => {
  const task = (name: string) =>
    `'${Deno.execPath()}' task -q ${name} --via=pipe ${RETRY.join(" ")}`;
  await using into = shell(`seq 10 | ${task("consumer")}`);
  assertEquals((await into.ended()).code, 0);
  assertEquals(valuesRead(into), range(1, 10));
  await using from = shell(`${task("producer")} --pause=0 | sort -rn`);
  assertEquals((await from.ended()).code, 0);
  assertEquals(await text(from), range(1, 10).reverse().join("\n") + "\n");
});

pythonTest(
  "socket: Python connects and writes lines to our consumer",
  async () => {
    const name = freshName();
    const flags = ["--via=socket", `--name=${name}`, ...RETRY];
    await using consumer = start("consumer", flags);
    await consumer.saw("Data not available");
    await using writer = python(
      `
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(sys.argv[1])
    for value in range(1, 11):
        s.sendall(b"%d\\n" % value)
`,
      `run/${name}.sock`,
    );
    await assertWell(name, writer, consumer);
    assertEquals(valuesRead(consumer), range(1, 10));
  },
);

const QUEUE_PEER = `
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>

int main(int argc, char **argv) {
  char message[8192];
  int sends = argv[1][0] == 's';
  mqd_t queue = mq_open(argv[2], sends ? O_WRONLY : O_RDONLY);
  if (queue < 0) return 1;
  for (int value = 1; value <= 10; value++) {
    int length = sizeof message;
    if (sends) {
      length = snprintf(message, sizeof message, "%d\\n", value);
      if (mq_send(queue, message, length, 0) < 0) return 1;
    } else {
      length = mq_receive(queue, message, sizeof message, NULL);
      if (length < 0) return 1;
      fwrite(message, 1, length, stdout);
    }
  }
  return 0;
}
`;

Deno.test({
  name: "queue: a program in C sends and receives (needs cc)",
  ignore: ignore || !hasCompiler(),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/peer.c`, QUEUE_PEER);
      await using cc = shell(`cc -o ${folder}/peer ${folder}/peer.c -lrt`);
      const compiled = await cc.ended();
      assertEquals(compiled.code, 0, compiled.log);
      const name = freshName();
      const flags = ["--via=queue", `--name=${name}`, ...RETRY];
      const peer = (role: string) =>
        new Running(`${folder}/peer`, [role, objectName(name)]);

      await using consumer = start("consumer", flags);
      await consumer.saw("Data not available");
      await using sender = peer("send");
      await assertWell(name, sender, consumer);
      assertEquals(valuesRead(consumer), range(1, 10));

      await run("producer", [...flags, "--pause=0"]); // the queue holds all ten
      await using receiver = peer("receive");
      assertEquals((await receiver.ended()).code, 0);
      assertEquals(await text(receiver), LINES);
      assertEquals((await run("remove", flags.slice(0, 2))).code, 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

pythonTest(
  "shm: Python's mmap shows the records that lie in the ring",
  async () => {
    const name = freshName();
    const flags = ["--via=shm", `--name=${name}`];
    await run("producer", [...flags, "--pause=0"]);
    await using look = python(
      `
import mmap, struct, sys
with open(sys.argv[1], "r+b") as f, mmap.mmap(f.fileno(), 0) as memory:
    word = lambda at: struct.unpack_from("i", memory, at)[0]
    capacity, tail, head = word(8), word(64), word(128)
    for slot in range(head, tail):  # in the first lap: see lib/shared_memory
        cell = 192 + 128 * (slot % capacity)
        print(memory[cell + 8:cell + 8 + word(cell + 4)].decode(), end="")
`,
      `/dev/shm${objectName(name)}`,
    );
    const { code, log } = await look.ended();
    assertEquals(code, 0, log);
    assertEquals(await text(look), LINES);
    assertEquals((await run("remove", flags)).code, 0);
    assertEquals(leftovers(name), []);
  },
);
