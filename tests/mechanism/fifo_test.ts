// The real scripts over a real FIFO: both orders, shell commands, faults.
import { assert, assertEquals } from "@std/assert";
import {
  assertWell,
  freshName,
  leftovers,
  range,
  run,
  shell,
  start,
  valuesRead,
} from "../scripts.ts";
import { inFreshFolder, startIn } from "./fresh_folder.ts";

const RETRY = "--retry=20ms";
const WAITING = "Data not available sleeping for 0.02 seconds before retrying";
const NOBODY = "Nobody reads yet sleeping for 0.02 seconds before retrying";

/** The flags of a new channel, with short waits. */
function channel(): { name: string; flags: string[] } {
  const name = freshName();
  return { name, flags: [`--name=${name}`, RETRY, "--timeout=30s"] };
}

for (const way of ["retry", "block", "spin"]) {
  Deno.test(`consumer and producer meet in either order with --wait=${way}`, async () => {
    for (const first of ["consumer", "producer"] as const) {
      // Spinning is the same loop in either order.
      if (way === "spin" && first === "producer") continue;
      const { name, flags } = channel();
      const all = [...flags, `--wait=${way}`];
      const pause = ["--pause=50ms"];
      const late = first === "consumer" ? "producer" : "consumer";
      const flagsFor = (task: string) =>
        task === "producer" ? [...all, ...pause] : all;
      await using one = start(first, flagsFor(first));
      await one.saw(first === "consumer" ? "Pid:" : "Writing 1");
      await using two = start(late, flagsFor(late));
      await assertWell(name, one, two);
      const consumer = first === "consumer" ? one : two;
      assertEquals(valuesRead(consumer), range(1, 10));
    }
  });

  for (const task of ["consumer", "producer"] as const) {
    Deno.test(`${task} ends at once on SIGINT with --wait=${way}: 130, nothing left`, async () => {
      const { name, flags } = channel();
      await using script = start(task, [...flags, `--wait=${way}`]);
      await script.saw(task === "consumer" ? "Pid:" : "Writing 1");
      script.kill("SIGINT");
      const { code, log } = await script.ended();
      assertEquals([code, leftovers(name)], [130, []], log);
    });
  }
}

Deno.test("SIGINT ends a connected producer and consumer, nothing left", async () => {
  for (const way of ["retry", "block"]) {
    const { name, flags } = channel();
    const all = [...flags, `--wait=${way}`];
    await using consumer = start("consumer", all);
    await using producer = start("producer", [...all, "--pause=1m"]);
    await consumer.saw("Read: 6");
    producer.kill("SIGINT");
    assertEquals((await producer.ended()).code, 130);
    consumer.kill("SIGINT");
    assertEquals((await consumer.ended()).code, 130);
    assertEquals(leftovers(name), []);
  }
});

Deno.test("producer waits for a reader; cat reads what it writes", async () => {
  const { name, flags } = channel();
  await using producer = start("producer", [...flags, "--pause=10ms"]);
  await producer.saw(NOBODY, 3);
  await using cat = shell(`cat run/${name}.fifo; rm -f run/${name}.fifo`);
  await assertWell(name, producer, cat);
  const text = new TextDecoder().decode(await cat.output());
  assertEquals(text, range(1, 10).map((value) => `${value}\n`).join(""));
});

Deno.test("seq feeds consumer, which says what had come beyond its count", async () => {
  const { name, flags } = channel();
  await using consumer = start("consumer", flags);
  await consumer.saw(WAITING);
  await using seq = shell(`seq 1 12 > run/${name}.fifo`);
  await assertWell(name, seq, consumer);
  assertEquals(valuesRead(consumer), range(1, 10));
  assert(consumer.lines.includes(
    "WARNING:process2:2 more values had come and were not taken: lost",
  ));
});

Deno.test("a second producer finishes what the first began", async () => {
  const { name, flags } = channel();
  await using consumer = start("consumer", flags);
  await using first = start("producer", [...flags, "--count=6"]);
  assertEquals((await first.ended()).code, 0);
  await consumer.saw("Read: 6");
  await consumer.saw(
    WAITING,
    consumer.lines.filter((l) => l.endsWith(WAITING)).length + 1,
  );
  await using second = start("producer", [...flags, "--from=7", "--count=4"]);
  await assertWell(name, second, consumer);
  assertEquals(valuesRead(consumer), range(1, 10));
});

Deno.test("two producers at once: every value arrives, none torn", async () => {
  const { name, flags } = channel();
  const count = 100_000;
  const quiet = [...flags, "--quiet", `--count=${count}`];
  await using consumer = start("consumer", [
    ...flags,
    "--quiet",
    `--count=${2 * count}`,
    "--output=-",
  ]);
  await using one = start("producer", [...quiet, "--from=1"]);
  await using two = start("producer", [...quiet, `--from=${count + 1}`]);
  await assertWell(name, one, two, consumer);
  const text = new TextDecoder().decode(await consumer.output());
  const values = text.trimEnd().split("\n").map(Number);
  for (const from of [1, count + 1]) { // the order of each is kept
    const mine = values.filter((value) => (value > count) === (from > count));
    assertEquals(mine.length, count);
    assertEquals(mine.findIndex((value, i) => value !== from + i), -1);
  }
  assertEquals(values.length, 2 * count);
});

Deno.test("a million lines go through byte for byte", async () => {
  const { name, flags } = channel();
  const text = range(1, 1_000_000).join("\n") + "\n";
  const quiet = [...flags, "--quiet"];
  await using consumer = start("consumer", [
    ...quiet,
    "--until-end",
    "--output=-",
  ]);
  await using producer = start("producer", [...quiet, "--input=-"], {
    input: new Blob([text]).stream(),
  });
  await assertWell(name, producer, consumer);
  const copy = new TextDecoder().decode(await consumer.output());
  assert(copy === text, "the copy differs");
  const summary = /in [\d.]+ seconds \(\d+ values per second\)$/;
  assert(summary.test(await producer.saw("Wrote 1000000 values")));
  assert(summary.test(await consumer.saw("Read 1000000 values")));
});

// Spinning looks as retrying does, here and in the timeout test.
Deno.test("--until-end sees the end of a producer that had nothing to send", async () => {
  for (const way of ["retry", "block"]) {
    const { name, flags } = channel();
    const all = [...flags, `--wait=${way}`];
    await using consumer = start("consumer", [...all, "--until-end"]);
    await consumer.saw("Pid:");
    await using producer = start("producer", [...all, "--input=-"]);
    await assertWell(name, producer, consumer);
  }
});

Deno.test("--input sends a file's lines, also a last one without a newline; control characters are shown", async () => {
  const { name, flags } = channel();
  await using consumer = start("consumer", [...flags, "--until-end"]);
  const input = new Blob(["first\n\na\x1b[31mred\r\nlast"]).stream();
  await using producer = start("producer", [...flags, "--input=-"], { input });
  await assertWell(name, producer, consumer);
  assertEquals(
    consumer.lines.filter((line) => line.includes("Read:")),
    ["first", "", "a\\x1b[31mred\\x0d", "last"].map((value) =>
      `INFO:process2:Read: ${value}`
    ),
  );
});

Deno.test("--format=header goes through, and cat can read it", async () => {
  const { name, flags } = channel();
  const all = [...flags, "--format=header"];
  await using consumer = start("consumer", all);
  await using producer = start("producer", [...all, "--pause=10ms"]);
  await assertWell(name, producer, consumer);
  assertEquals(valuesRead(consumer), range(1, 10));

  await using alone = start("producer", [...all, "--count=1"]);
  await alone.saw(NOBODY);
  await using cat = shell(`cat run/${name}.fifo; rm -f run/${name}.fifo`);
  await assertWell(name, alone, cat);
  assertEquals(
    new TextDecoder().decode(await cat.output()),
    "Type: data\nFrom: process1\nTo: process2\nSeq: 1\nPriority: 0\n" +
      "Checksum: crc32 83dcefb7\nContent-Length: 1\n\n1\n",
  );
});

Deno.test("kill -9 of producer: consumer goes on with the next producer", async () => {
  for (const way of ["retry", "block"]) {
    const { name, flags } = channel();
    const all = [...flags, `--wait=${way}`];
    await using consumer = start("consumer", all);
    await using first = start("producer", [...all, "--pause=1m"]);
    await consumer.saw("Read: 6");
    first.kill("SIGKILL");
    await first.ended();
    await using second = start("producer", [...all, "--from=7", "--count=4"]);
    await assertWell(name, second, consumer);
    assertEquals(valuesRead(consumer), range(1, 10));
  }
});

Deno.test("kill -9 of consumer: producer says what was written and resumes with the next consumer", async () => {
  for (const way of ["retry", "block"]) {
    const { name, flags } = channel();
    const all = [...flags, `--wait=${way}`];
    await using first = start("consumer", all);
    await using producer = start("producer", [...all, "--pause=1s"]);
    await first.saw("Read: 6");
    producer.kill("SIGSTOP"); // its pause lasts until the reader has gone
    first.kill("SIGKILL");
    await first.ended();
    producer.kill("SIGCONT");
    await producer.saw(
      "WARNING:process1:The reader has gone: 6 of 10 values were written, 4 are missing",
    );
    await using second = start("consumer", [...all, "--count=4"]);
    await assertWell(name, producer, second);
    assertEquals(valuesRead(second), range(7, 10));
  }
});

Deno.test("a process that gives up says what is missing, exit 1, nothing left", async () => {
  for (const way of ["retry", "block"]) {
    const { name, flags } = channel();
    const all = [...flags, `--wait=${way}`, "--timeout=100ms"];
    const consumer = await run("consumer", all);
    assertEquals(consumer.code, 1);
    assertEquals(
      consumer.log.split("\n").at(-1),
      "ERROR:process2:Data not available: gave up after 0.1 seconds: 0 of 10 values were read, 10 are missing",
    );
    const producer = await run("producer", all);
    assertEquals(producer.code, 1);
    assertEquals(
      producer.log.split("\n").at(-1),
      "ERROR:process1:Nobody reads yet: gave up after 0.1 seconds: 0 of 10 values were written, 10 are missing",
    );
    assertEquals(leftovers(name), []);
  }
});

Deno.test("a full FIFO makes producer wait for consumer: nothing is lost", async () => {
  const { name, flags } = channel();
  // 17 bytes a line: no more than 3855 lines fit into 65536 bytes.
  const first = 9_000_000_000_000_000;
  const all = [...flags, `--from=${first}`, "--count=5000"];
  await using cat = shell(
    // A reader that reads nothing until the test says so.
    `mkdir -p -m 700 run; mkfifo -m 600 run/${name}.fifo; exec 3<run/${name}.fifo; kill -STOP $$; cat <&3; rm -f run/${name}.fifo`,
  );
  await using producer = start("producer", [...all, "--pause=0"]);
  await producer.saw(
    "Buffer full sleeping for 0.02 seconds before retrying",
    2,
  );
  cat.kill("SIGCONT");
  await assertWell(name, producer, cat);
  const text = new TextDecoder().decode(await cat.output());
  assertEquals(text, range(first, first + 4999).join("\n") + "\n");
});

Deno.test("bad bodies are quoted and counted, reading goes on, exit 1", async () => {
  const { name, flags } = channel();
  await using consumer = start("consumer", [...flags, "--until-end"]);
  await consumer.saw(WAITING);
  await using sender = shell(
    `(printf 'one\\n\\377\\376\\ntwo\\n'; head -c 3000000 /dev/zero | tr '\\0' x; printf '\\nthree\\ntorn') > run/${name}.fifo`,
  );
  const { code, log } = await consumer.ended();
  assertEquals((await sender.ended()).code, 0);
  assertEquals(code, 1);
  const said = consumer.lines.filter((line) => /Read|ERROR/.test(line));
  assertEquals(said.length, 7, log);
  assertEquals(said[0], "INFO:process2:Read: one");
  assertEquals(
    said[1],
    'ERROR:process2:Cannot read a line as it is not UTF-8: "\\xff\\xfe"',
  );
  assertEquals(said[2], "INFO:process2:Read: two");
  assert(said[3].includes(`longer than 1048576 bytes: "${"x".repeat(32)}..."`));
  assertEquals(said[4], "INFO:process2:Read: three");
  assert(said[5].includes('cut off: "torn"'));
  assertEquals(
    said[6],
    "ERROR:process2:3 of 6 messages were bad: 3 values were read",
  );
  assertEquals(leftovers(name), []);
});

Deno.test("producer counts bad lines of its input, sends the rest, exit 1", async () => {
  const { name, flags } = channel();
  await using consumer = start("consumer", [...flags, "--count=2"]);
  const input = new Blob(["1\n", new Uint8Array([255, 10]), "2\n"]).stream();
  await using producer = start("producer", [...flags, "--input=-"], { input });
  const { code, log } = await producer.ended();
  assertEquals(code, 1);
  assert(log.includes('not UTF-8: "\\xff"'), log);
  assert(
    log.endsWith("ERROR:process1:1 of 3 messages was bad and not sent"),
  );
  await assertWell(name, consumer);
  assertEquals(valuesRead(consumer), [1, 2]);
});

Deno.test("consumer says that standard output was closed, exit 1", async () => {
  const { name, flags } = channel();
  const task = `deno task -q consumer ${
    flags.join(" ")
  } --until-end --quiet --output=-`
    .replace("deno", Deno.execPath());
  await using pipeline = shell(`${task} | head -1`);
  await pipeline.saw("Pid:");
  await using seq = shell(`seq 1 1000000 > run/${name}.fifo`);
  await pipeline.saw(
    "ERROR:process2:Cannot write to standard output: its reader has closed it",
  );
  await seq.ended();
  await pipeline.ended();
  assertEquals(await pipeline.output(), new TextEncoder().encode("1\n"));
  assertEquals(leftovers(name), []);
});

Deno.test("another object at the FIFO's path is refused, and stays", async () => {
  await Deno.mkdir("run", { recursive: true, mode: 0o700 });
  const cases: [make: (path: string) => Promise<unknown>, says: string][] = [
    [(path) => Deno.writeTextFile(path, "mine"), "as it is a regular file"],
    [(path) => Deno.mkdir(path), "as it is a directory"],
    [(path) => Deno.symlink("/dev/null", path), "as it is a symbolic link"],
  ];
  if (Deno.uid() === 0) { // only root can give a FIFO to another user
    cases.push([
      async (path) => {
        await new Deno.Command("mkfifo", { args: [path] }).output();
        await Deno.chown(path, 65_534, 65_534);
      },
      "as it belongs to user 65534 and we are user 0",
    ]);
  }
  for (const [i, [make, says]] of cases.entries()) {
    const { name, flags } = channel();
    const path = `run/${name}.fifo`;
    await make(path);
    // Both ends look at the path with the same function: take turns.
    const { code, log } = await run(i % 2 ? "producer" : "consumer", flags);
    assertEquals(code, 1);
    assert(log.includes(`Cannot use ${path}`) && log.includes(says), log);
    assertEquals(leftovers(name), [path]);
    await Deno.remove(path);
  }
});

Deno.test("long lines go through byte for byte, however full the pipe is", async () => {
  const text =
    ["x".repeat(1 << 20), ...range(1, 300).map((i) => `${i}`.repeat(1500))]
      .join("\n") + "\n";
  for (const way of ["retry", "block", "spin"]) {
    const { name, flags } = channel();
    const all = [...flags, "--quiet", `--wait=${way}`];
    await using consumer = start("consumer", [
      ...all,
      "--until-end",
      "--output=-",
    ]);
    await consumer.saw("Pid:");
    const input = new Blob([text]).stream();
    await using producer = start("producer", [...all, "--input=-"], { input });
    await assertWell(name, producer, consumer);
    const copy = new TextDecoder().decode(await consumer.output());
    assert(copy === text, `the copy differs with ${way}`);
  }
});

Deno.test("producer ends at once on SIGINT while it waits for its input", async () => {
  const { name, flags } = channel();
  const silent = new ReadableStream<Uint8Array>();
  await using producer = start("producer", [...flags, "--input=-"], {
    input: silent,
  });
  await producer.saw("Pid:");
  producer.kill("SIGINT");
  assertEquals((await producer.ended()).code, 130);
  assertEquals(leftovers(name), []);
});

Deno.test("a FIFO that is removed while both ends wait is made again, and they meet", async () => {
  for (const way of ["retry", "block"]) {
    for (const first of ["consumer", "producer"] as const) {
      const { name, flags } = channel();
      const all = [...flags, `--wait=${way}`];
      await using one = start(
        first,
        all.concat(first === "producer" ? ["--pause=0"] : []),
      );
      await one.saw(first === "consumer" ? "Pid:" : "Writing 1");
      while (leftovers(name).length === 0) {
        await new Promise((r) => setTimeout(r, 1));
      }
      await Deno.remove(`run/${name}.fifo`);
      const late = first === "consumer" ? "producer" : "consumer";
      await using two = start(
        late,
        all.concat(late === "producer" ? ["--pause=0"] : []),
      );
      await assertWell(name, one, two);
    }
  }
});

Deno.test("a file that replaces the FIFO during a wait is a clear error, and is left alone", async () => {
  const { name, flags } = channel();
  const path = `run/${name}.fifo`;
  await using consumer = start("consumer", flags);
  await consumer.saw(WAITING);
  await Deno.writeTextFile(`${path}.new`, "precious");
  await Deno.rename(`${path}.new`, path); // in one step, or a FIFO comes back
  assertEquals((await consumer.ended()).code, 1);
  assertEquals(
    consumer.lines.at(-1),
    `ERROR:process2:Cannot use ${path} as a FIFO as it is a regular file: rm ${path}, or choose another --name`,
  );
  assertEquals(await Deno.readTextFile(path), "precious");
  await Deno.remove(path);
});

Deno.test("a folder run/ that cannot be made is a clear error", async () => {
  await inFreshFolder(async (start, folder) => {
    await Deno.writeTextFile(`${folder}/run`, "");
    await using blocked = start("consumer");
    assertEquals((await blocked.ended()).code, 1);
    await blocked.saw("Cannot use run/ as it is not a folder");
  });
  await using denied = startIn("/sys", "consumer"); // root cannot make one there
  assertEquals((await denied.ended()).code, 1);
  await denied.saw("Cannot make the folder run/ in /sys: ");
});

Deno.test("the error of a file outside the project names - and the shell", async () => {
  const { name, flags } = channel();
  const input = await run("producer", [...flags, "--input=/etc/hostname"]);
  assertEquals(input.code, 1);
  assert(input.log.includes("use --input=- with < /etc/hostname"), input.log);
  const output = await run("consumer", [...flags, "--output=/tmp/copy"]);
  assertEquals(output.code, 1);
  assert(output.log.includes("use --output=- with > /tmp/copy"), output.log);
  const missing = await run("producer", [...flags, "--input=nothing_here"]);
  assert(missing.log.includes("Cannot open nothing_here: "), missing.log);
  assertEquals(leftovers(name), []);
});
