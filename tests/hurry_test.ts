// In a hurry many values go at once; but for the speed nobody must notice.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ABSENT,
  END,
  type Receiver,
  type Sender,
} from "../lib/channel/channel.ts";
import { consume, type ConsumeOptions } from "../lib/lab/consume.ts";
import { LabError } from "../lib/error.ts";
import { line } from "../lib/message/line.ts";
import { numbers } from "../lib/lab/input.ts";
import { ProcessLog, startLog } from "../lib/cli/log.ts";
import { Message, PIPE_BUF } from "../lib/message/message.ts";
import { produce, type ProduceOptions } from "../lib/lab/produce.ts";
import { Progress } from "../lib/cli/progress.ts";
import { range } from "./scripts.ts";
import { VirtualClock } from "./virtual_clock.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The numbers as lines. */
function lines(from: number, to: number): string {
  return range(from, to).map((number) => `${number}\n`).join("");
}

const said: string[] = []; // in the last run

/** What is the same for both. */
function hurried() {
  said.length = 0;
  startLog({ write: (text) => said.push(text) });
  return {
    format: line,
    interval: 0,
    log: new ProcessLog("us"),
    progress: Progress.silent(),
    quiet: true,
    reopens: true,
    wait: { way: "block" as const },
  };
}

/** Takes records while `open` says so, and keeps them. */
class Records implements Sender {
  readonly limit = Infinity;
  readonly taken: string[] = [];
  constructor(readonly open: (taken: string[]) => boolean = () => true) {}
  offer(record: Uint8Array) {
    if (!this.open(this.taken)) return ABSENT;
    this.taken.push(decoder.decode(record));
    return true;
  }
  writable() {
    return undefined;
  }
  [Symbol.asyncDispose]() {
    return Promise.resolve();
  }
}

function send(sender: Sender, total: number, more?: Partial<ProduceOptions>) {
  return produce(sender, {
    ...hurried(),
    source: numbers(1, total),
    total,
    gather: true,
    pauseEvery: 0,
    pause: 0,
    ...more,
  });
}

/** Gives what is said, piece by piece, and then the end. */
function receive(pieces: string[], more?: Partial<ConsumeOptions>) {
  const left = pieces.map((piece) => encoder.encode(piece));
  const receiver: Receiver = {
    poll: () => left.shift() ?? END,
    readable: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return consume(receiver, { ...hurried(), boundaries: false, ...more });
}

Deno.test("numbers() gives every number, wherever the digits grow", async () => {
  const last = Number.MAX_SAFE_INTEGER;
  for (
    const [from, to] of [
      [0, 0],
      [1, 12_345],
      [7, 999],
      [995, 2004],
      [1000, 1999],
      [98_765, 103_000],
      [999_000, 1_001_000],
      [last - 2500, last - 1],
    ]
  ) {
    let text = "";
    for await (const messages of numbers(from, to - from + 1)) {
      for (let found; (found = messages.next(Infinity));) {
        assert(found instanceof Message);
        text += found.text + "\n";
      }
    }
    assert(text === lines(from, to), `from ${from} to ${to}`);
  }
});

Deno.test("produce() in a hurry sends whole lines, no record longer than PIPE_BUF", async () => {
  const sender = new Records();
  assertEquals(await send(sender, 12_345), true);
  assertEquals(sender.taken.join(""), lines(1, 12_345));
  assert(sender.taken.length < 40, `${sender.taken.length} records`);
  for (const record of sender.taken) {
    assert(record.length <= PIPE_BUF && record.endsWith("\n"));
  }
});

Deno.test("produce() in a hurry sends a long line alone: its record could be torn", async () => {
  const long = "x".repeat(PIPE_BUF + 1) + "\n";
  const source = async function* () {
    const messages = line.decoder();
    messages.push(encoder.encode(`1\n${long}2\n`));
    yield messages;
  };
  const sender = new Records();
  await send(sender, 3, { source: source() });
  assertEquals(sender.taken, ["1\n", long, "2\n"]);
});

Deno.test("produce() in a hurry resumes with what did not go, and its count is right", async () => {
  let looks = 0;
  const sender = new Records(({ length }) => length !== 3 || ++looks > 4);
  assertEquals(await send(sender, 5000), true);
  assertEquals(sender.taken.join(""), lines(1, 5000));
  const gone = sender.taken.slice(0, 3).join("").split("\n").length - 1;
  assertEquals(
    said.filter((text) => text.startsWith("WARNING")),
    [
      `WARNING:us:The reader has gone: ${gone} of 5000 values were written, ${
        5000 - gone
      } are missing`,
    ],
  );
});

Deno.test("produce() in a hurry says what is missing where nobody can come again", async () => {
  const sender = new Records(({ length }) => length < 2);
  const error = await assertRejects(
    () => send(sender, 5000, { reopens: false }),
    LabError,
  );
  const gone = sender.taken.join("").split("\n").length - 1;
  assertEquals(
    error.message,
    `The reader has gone: ${gone} of 5000 values were written, ${
      5000 - gone
    } are missing`,
  );
});

Deno.test("produce() pauses where it should, however quiet it is", async () => {
  for (const flags of [{ pauseEvery: 6, pause: 10 }, { interval: 10 }]) {
    const clock = new VirtualClock();
    const sender = new Records();
    await clock.run(send(sender, 20, { ...flags, wait: { clock } }));
    const apart = flags.pauseEvery ?? 1;
    assertEquals(sender.taken.length, Math.ceil(20 / apart));
    assertEquals(sender.taken[0], lines(1, apart));
    assertEquals(sender.taken.join(""), lines(1, 20));
  }
});

Deno.test("produce() sends one at a time where a record is one message", async () => {
  const sender = new Records();
  assertEquals(await send(sender, 20, { gather: false }), true);
  assertEquals(sender.taken, range(1, 20).map((number) => `${number}\n`));
});

Deno.test("consume() in a hurry stops at its count, and says what came beyond", async () => {
  for (const count of [1, 2, 699, 700, 701, 1000]) {
    const text = lines(1, 1000);
    const pieces = [text.slice(0, 2501), text.slice(2501)];
    assertEquals(await receive(pieces, { count }), true);
    const summary = said.filter((text) => text.includes(`Read ${count} value`));
    assertEquals(summary.length, 1, said.join("\n"));
    // What it has not read(2) is still there for the next one.
    const [beyond] = said.filter((text) => text.startsWith("WARNING"));
    const there = count < 650 ? 652 : 1000; // whole lines that it has
    assertEquals(
      beyond,
      count === 1000
        ? undefined
        : `WARNING:us:${
          there - count
        } more values had come than were expected: they are lost`,
    );
  }
});

Deno.test("consume() in a hurry counts and quotes what is bad", async () => {
  const long = "x".repeat(2_000_000);
  const pieces = [lines(1, 500) + long + "\n" + lines(501, 1000) + "torn"];
  assertEquals(await receive(pieces), false);
  const errors = said.filter((text) => text.startsWith("ERROR"));
  assertEquals(errors.length, 3);
  assert(errors[0].includes("longer than 1048576 bytes"));
  assert(errors[1].includes('cut off: "torn"'));
  assertEquals(
    errors[2],
    "ERROR:us:2 of 1002 messages were bad: 1000 values were read",
  );
});
