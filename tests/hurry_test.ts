// In a hurry many values go at once; but for the speed nobody must notice.
import { assert, assertEquals } from "@std/assert";
import { END, type Receiver } from "../lib/channel.ts";
import { consume, type ConsumeOptions } from "../lib/consume.ts";
import { line } from "../lib/format/line.ts";
import { ProcessLog, startLog } from "../lib/log.ts";
import { Progress } from "../lib/progress.ts";
import { range } from "./scripts.ts";

const encoder = new TextEncoder();

/** The numbers as lines. */
function lines(from: number, to: number): string {
  return range(from, to).map((number) => `${number}\n`).join("");
}

const said: string[] = []; // in the last run

/** What nobody looks at. */
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
