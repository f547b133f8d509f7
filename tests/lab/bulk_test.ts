// In bulk, many values move at once. Only the speed may differ.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ABSENT,
  END,
  type Receiver,
  type Sender,
} from "../../lib/channel/mod.ts";
import { ProcessLog, startLog } from "../../lib/cli/log.ts";
import { Progress } from "../../lib/cli/progress.ts";
import { LabError } from "../../lib/error.ts";
import {
  type BulkConsumeOptions,
  type BulkProduceOptions,
  consumeInBulk,
  LinesDecoder,
  type Most,
  produceInBulk,
} from "../../lib/lab/bulk.ts";
import { numberLines } from "../../lib/lab/number_lines.ts";
import { line } from "../../lib/message/line.ts";
import {
  concat,
  MAX_BODY,
  Message,
  MessageError,
  PIPE_BUF,
} from "../../lib/message/message.ts";
import { lcg } from "../lcg.ts";
import { range } from "../scripts.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The numbers as lines. */
function lines(from: number, to: number): string {
  return range(from, to).map((number) => `${number}\n`).join("");
}

const said: string[] = []; // the log of the last run

/** The options that both ends have. */
function common() {
  said.length = 0;
  startLog({ write: (text) => said.push(text) });
  return {
    log: new ProcessLog("us"),
    progress: Progress.silent(),
    quiet: true,
    reopens: true,
    wait: { way: "block" as const },
  };
}

/** Takes records as long as `open` returns true, and keeps them. */
class Records implements Sender {
  readonly taken: string[] = [];
  constructor(
    readonly open: (taken: string[]) => boolean = () => true,
    readonly limit = Infinity,
  ) {}
  offer(record: Uint8Array) {
    if (!this.open(this.taken)) return ABSENT;
    this.taken.push(decoder.decode(record));
    return true;
  }
  writable() {
    return undefined;
  }
}

function send(
  sender: Sender,
  total: number,
  more?: Partial<BulkProduceOptions>,
) {
  return produceInBulk(sender, {
    ...common(),
    source: numberLines(1, total),
    total,
    boundaries: false,
    ...more,
  });
}

/** Gives the pieces, one at each poll, and then the end. */
function receive(pieces: string[], more?: Partial<BulkConsumeOptions>) {
  const left = pieces.map((piece) => encoder.encode(piece));
  const receiver: Receiver = {
    poll: () => left.shift() ?? END,
    readable: () => undefined,
  };
  return consumeInBulk(receiver, { ...common(), boundaries: false, ...more });
}

Deno.test("numberLines() gives every number, wherever the digits grow", () => {
  const last = Number.MAX_SAFE_INTEGER;
  for (
    const [from, to] of [
      [0, 0],
      [1, 123_456],
      [7, 999],
      [9995, 20_004],
      [10_000, 19_999],
      [98_765, 123_000],
      [9_990_000, 10_010_000],
      [last - 25_000, last - 1],
    ]
  ) {
    let text = "";
    for (const page of numberLines(from, to - from + 1)) {
      text += decoder.decode(page);
    }
    assert(text === lines(from, to), `from ${from} to ${to}`);
  }
});

Deno.test("produceInBulk() sends whole lines, no record of a stream longer than PIPE_BUF", async () => {
  const sender = new Records();
  assertEquals(await send(sender, 12_345), true);
  assertEquals(sender.taken.join(""), lines(1, 12_345));
  assert(sender.taken.length < 40, `${sender.taken.length} records`);
  for (const record of sender.taken) {
    assert(record.length <= PIPE_BUF && record.endsWith("\n"));
  }
});

Deno.test("produceInBulk() fills a record up to the limit where boundaries are kept", async () => {
  const sender = new Records(undefined, 8192);
  assertEquals(await send(sender, 100_000, { boundaries: true }), true);
  assertEquals(sender.taken.join(""), lines(1, 100_000));
  const full = sender.taken.filter(({ length }) => length > 8192 - 8);
  assert(full.length > 0.8 * sender.taken.length, `${full.length} are full`);
  assert(sender.taken.every(({ length }) => length <= 8192));
});

Deno.test("produceInBulk() sends a long line as a record by itself, as it could be torn", async () => {
  const long = "x".repeat(PIPE_BUF + 1) + "\n";
  const source = [encoder.encode(`1\n${long}2\n`)];
  const sender = new Records();
  await send(sender, 3, { source });
  assertEquals(sender.taken, ["1\n", long, "2\n"]);
});

Deno.test("produceInBulk() refuses a line that no record can hold, and sends the rest", async () => {
  const source = [encoder.encode(`1\n${"x".repeat(100)}\n2\n`)];
  const sender = new Records(undefined, 64);
  assertEquals(await send(sender, 3, { source, boundaries: true }), false);
  assertEquals(sender.taken.join(""), "1\n2\n");
  const errors = said.filter((text) => text.startsWith("ERROR"));
  assert(errors[0].includes("Cannot send a message of more than 64 bytes"));
  assertEquals(
    errors[1],
    "ERROR:us:1 of 3 messages was bad and not sent",
  );
});

Deno.test("produceInBulk() resumes with what was not sent, and counts right", async () => {
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

Deno.test("produceInBulk() says what is missing if no receiver can come again", async () => {
  for (const most of [0, 2]) {
    const sender = new Records(({ length }) => length < most);
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
  }
});

Deno.test("consumeInBulk() stops at its count, and says what had come and was lost", async () => {
  for (const count of [1, 2, 699, 700, 701, 1000]) {
    const text = lines(1, 1000);
    const pieces = [text.slice(0, 2501), text.slice(2501)];
    assertEquals(await receive(pieces, { count }), true);
    const noun = count === 1 ? "value" : "values";
    const summary = said.filter((text) => text.includes(`${count} ${noun} in`));
    assertEquals(summary.length, 1, said.join("\n"));
    // What it has not read(2) still lies there for the next receiver.
    const [beyond] = said.filter((text) => text.startsWith("WARNING"));
    const there = count < 650 ? 652 : 1000; // whole lines that it has read(2)
    assertEquals(
      beyond,
      count === 1000
        ? undefined
        : `WARNING:us:${there - count} more ${
          there - count === 1 ? "value" : "values"
        } had come and ${there - count === 1 ? "was" : "were"} not taken: lost`,
    );
  }
});

Deno.test("consumeInBulk() counts and quotes what is bad", async () => {
  const long = "x".repeat(2_000_000);
  const pieces = [lines(1, 500) + long + "\n" + lines(501, 1000) + "torn"];
  assertEquals(await receive(pieces), false);
  const errors = said.filter((text) => text.startsWith("ERROR"));
  assertEquals(errors.length, 3, said.join("\n"));
  assert(errors[0].includes("longer than 1048576 bytes"));
  assert(errors[1].includes('cut off: "torn"'));
  assertEquals(
    errors[2],
    "ERROR:us:2 of 1002 messages were bad: 1000 values were read",
  );
});

/** The lines as another program would write them. */
function encode(texts: string[]): Uint8Array {
  return concat(...texts.map((text) => line.encode(Message.of(text))));
}

/** What a decoder of many lines finds, line by line, and `!` for what is wrong. */
function decodeMany(most: Most, ...pieces: Uint8Array[]): string[] {
  const decoder = new LinesDecoder(most);
  const found: string[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let next; (next = decoder.next());) {
      if (next instanceof MessageError) {
        found.push(`!${next.message}`);
      } else {
        assert(next.count <= (most.lines ?? Infinity), `${next.count} lines`);
        const texts = new TextDecoder().decode(next.bytes).split("\n");
        assertEquals([texts.pop(), texts.length], ["", next.count]);
        found.push(...texts);
      }
    }
  }
  const torn = decoder.end();
  if (torn) found.push(`!${torn.message}`);
  return found;
}

/** The same from the decoder that returns one line at a time. */
function decodeEach(...pieces: Uint8Array[]): string[] {
  const decoder = line.decoder();
  const found: string[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let next; (next = decoder.next());) {
      found.push(next instanceof MessageError ? `!${next.message}` : next.text);
    }
  }
  const torn = decoder.end();
  if (torn) found.push(`!${torn.message}`);
  return found;
}

Deno.test("LinesDecoder gives the lines that line gives, however they are cut", () => {
  const texts = ["1", "", "", "zwölf", "x".repeat(PIPE_BUF), "y", "", "4"];
  texts.push("x".repeat(PIPE_BUF - 3), "", "z", "x".repeat(PIPE_BUF - 1), "5");
  const wire = encode(texts);
  for (const lines of [1, 2, 3, Infinity]) {
    const most = { lines, bytes: PIPE_BUF };
    assertEquals(decodeMany(most, wire), texts);
    assertEquals(
      decodeMany(most, ...[...wire].map((byte) => new Uint8Array([byte]))),
      texts,
    );
    for (let cut = 0; cut <= wire.length; cut += lines === 2 ? 7 : 97) {
      const pieces = [wire.subarray(0, cut), wire.subarray(cut)];
      assertEquals(decodeMany(most, ...pieces), texts);
    }
  }
});

Deno.test("LinesDecoder reports bad lines among many, and nothing else", () => {
  const wire = concat(
    encoder.encode("1\n2\n"),
    new Uint8Array([255, 10]),
    encoder.encode("3\n4\n" + "x".repeat(MAX_BODY + 1) + "\n5\n6\n7"),
  );
  const found = decodeEach(wire);
  assertEquals(found.length, 9);
  assertEquals(decodeMany({}, wire), found);
  for (let at = 0; at < wire.length; at += at < 20 ? 1 : 16_381) {
    const pieces = [wire.subarray(0, at), wire.subarray(at)];
    assertEquals(
      decodeMany({}, ...pieces).map((text) => text.slice(0, 40)),
      found.map((text) => text.slice(0, 40)),
    );
  }
});

Deno.test("LinesDecoder finds the same in random bytes as line does", () => {
  const random = lcg(2);
  for (let round = 0; round < 100; round++) {
    // Newlines and letters, and now and then a byte that is not UTF-8.
    const odd = random(3) === 0 ? 256 : 100;
    const noise = Uint8Array.from({ length: random(9000) }, () => {
      const byte = random(odd);
      return byte < 30 ? 10 : byte;
    });
    const cut = random(noise.length + 1);
    const pieces = [noise.subarray(0, cut), noise.subarray(cut)];
    assertEquals(
      decodeMany({ lines: 1 + random(1000) }, ...pieces),
      decodeEach(...pieces),
      `round ${round}`,
    );
  }
});
