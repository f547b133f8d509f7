import { assert, assertEquals, assertThrows } from "@std/assert";
import { FORMATS } from "../lib/message/formats.ts";
import { line } from "../lib/message/line.ts";
import { header } from "../lib/message/header.ts";
import {
  concat,
  type Format,
  type Header,
  MAX_BODY,
  Message,
  MessageError,
  PIPE_BUF,
} from "../lib/message/message.ts";
import { lcg } from "./lcg.ts";

const encoder = new TextEncoder();

function head(seq: number): Header {
  return { type: "data", from: "process1", to: "process2", seq, priority: 0 };
}

function encode(format: Format, ...texts: string[]): Uint8Array {
  const wire = new Uint8Array(texts.join("").length + 200 * texts.length);
  let at = 0;
  texts.forEach((text, i) => {
    at = format.encode(Message.of(text, head(i + 1)), wire, at);
    assert(at > 0);
  });
  return wire.subarray(0, at);
}

/** What a decoder finds in pieces: bodies, and `!` for what is wrong. */
function decode(format: Format, ...pieces: Uint8Array[]): string[] {
  return decodeRuns(format, 1, ...pieces);
}

/** The same, up to `most` at once. */
function decodeRuns(
  format: Format,
  most: number,
  ...pieces: Uint8Array[]
): string[] {
  const decoder = format.decoder();
  const found: string[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let next; (next = decoder.next(most));) {
      if (next instanceof MessageError) found.push(`!${next.message}`);
      else if (next.count === 1) found.push(next.text);
      else {
        const { text, body, count } = next;
        assert(body.length < PIPE_BUF && count <= most, `${count} messages`);
        assertEquals(text.split("\n").length, count);
        found.push(...text.split("\n"));
      }
    }
  }
  const torn = decoder.end();
  if (torn) found.push(`!${torn.message}`);
  return found;
}

for (const format of Object.values(FORMATS)) {
  Deno.test(`${format.name} gives back what was put in, however it is cut`, () => {
    const texts = ["1", "", "zwölf", "x".repeat(300), "4"];
    const wire = encode(format, ...texts);
    assertEquals(decode(format, wire), texts);
    assertEquals(
      decode(format, ...[...wire].map((b) => new Uint8Array([b]))),
      texts,
    );
    for (let cut = 0; cut <= wire.length; cut++) {
      assertEquals(
        decode(format, wire.subarray(0, cut), wire.subarray(cut)),
        texts,
      );
    }
  });

  Deno.test(`${format.name} takes a body of 1 MiB, and says so where there is no room`, () => {
    const body = "x".repeat(MAX_BODY);
    assertEquals(decode(format, encode(format, body)), [body]);
    assertEquals(
      format.encode(Message.of("12", head(1)), new Uint8Array(2), 0),
      -1,
    );
  });

  Deno.test(`${format.name} reports a message that was cut off`, () => {
    const wire = encode(format, "first", "second");
    const found = decode(format, wire.subarray(0, wire.length - 1));
    assertEquals(found.length, 2);
    assertEquals(found[0], "first");
    assert(found[1].includes("cut off"), found[1]);
  });

  Deno.test(`${format.name} survives random bytes and finds the message after them`, () => {
    const random = lcg(1);
    for (let round = 0; round < 300; round++) {
      const noise = Uint8Array.from({ length: random(400) }, () => random(256));
      // What a stray number of bytes could still be part of ends here.
      const end = concat(encoder.encode("\n"), encode(format, "lost", "found"));
      const found = decode(format, concat(noise, end));
      assertEquals(found.at(-1), "found", `round ${round}`);
    }
  });

  Deno.test(`${format.name} holds no more than it must of an endless message`, () => {
    const decoder = format.decoder();
    const piece = new Uint8Array(65_536).fill(120);
    const found: unknown[] = [];
    for (let i = 0; i < 200; i++) {
      decoder.push(piece);
      for (let next; (next = decoder.next());) found.push(next);
    }
    assertEquals(found.length, 1); // reported once
    decoder.push(concat(encoder.encode("\n"), encode(format, "next")));
    const next = decoder.next();
    assert(next instanceof Message && next.text === "next");
  });
}

Deno.test("line reports a body that is not UTF-8 and reads on", () => {
  const wire = concat(
    encoder.encode("1\n"),
    new Uint8Array([255, 10]),
    encoder.encode("2\n"),
  );
  assertEquals(decode(line, wire), [
    "1",
    '!Cannot read a line as it is not UTF-8: "\\xff"',
    "2",
  ]);
});

Deno.test("line gives many at once as it gives each, however it is cut", () => {
  const texts = ["1", "", "", "zwölf", "x".repeat(PIPE_BUF), "y", "", "4"];
  texts.push("x".repeat(PIPE_BUF - 3), "", "z", "x".repeat(PIPE_BUF - 1), "5");
  const wire = encode(line, ...texts);
  for (const most of [1, 2, 3, Infinity]) {
    assertEquals(decodeRuns(line, most, wire), texts);
    assertEquals(
      decodeRuns(line, most, ...[...wire].map((b) => new Uint8Array([b]))),
      texts,
    );
    for (let cut = 0; cut <= wire.length; cut += most === 2 ? 7 : 97) {
      const pieces = [wire.subarray(0, cut), wire.subarray(cut)];
      assertEquals(decodeRuns(line, most, ...pieces), texts);
    }
  }
});

Deno.test("line fills a run up to PIPE_BUF, and ends it at the count asked for", () => {
  const decoder = line.decoder();
  decoder.push(encode(line, ...new Array(2000).fill("1234567")));
  const counts: number[] = [];
  for (const most of [1, 2, 511, 512, 513, Infinity]) {
    const next = decoder.next(most);
    assert(next instanceof Message);
    counts.push(next.count);
  }
  assertEquals(counts, [1, 2, 511, 512, 512, 462]);
  assertEquals(decoder.next(Infinity), undefined);
});

Deno.test("line reports what is bad among many at once, and nothing else", () => {
  const wire = concat(
    encoder.encode("1\n2\n"),
    new Uint8Array([255, 10]),
    encoder.encode("3\n4\n" + "x".repeat(MAX_BODY + 1) + "\n5\n6\n7"),
  );
  const found = decode(line, wire);
  assertEquals(found.length, 9);
  assertEquals(decodeRuns(line, Infinity, wire), found);
  for (let at = 0; at < wire.length; at += at < 20 ? 1 : 16_381) {
    const pieces = [wire.subarray(0, at), wire.subarray(at)];
    assertEquals(
      decodeRuns(line, Infinity, ...pieces).map((text) => text.slice(0, 40)),
      found.map((text) => text.slice(0, 40)),
    );
  }
});

Deno.test("line finds the same in random bytes, one by one and many at once", () => {
  const random = lcg(2);
  for (let round = 0; round < 100; round++) {
    // Newlines and letters, and now and then what is not UTF-8.
    const odd = random(3) === 0 ? 256 : 100;
    const noise = Uint8Array.from({ length: random(9000) }, () => {
      const byte = random(odd);
      return byte < 30 ? 10 : byte;
    });
    const cut = random(noise.length + 1);
    const pieces = [noise.subarray(0, cut), noise.subarray(cut)];
    assertEquals(
      decodeRuns(line, 1 + random(1000), ...pieces),
      decode(line, ...pieces),
      `round ${round}`,
    );
  }
});

Deno.test("line writes many at once as it writes each", () => {
  const wire = encode(line, "1", "", "3");
  const decoder = line.decoder();
  decoder.push(wire);
  const run = decoder.next(Infinity);
  assert(run instanceof Message && run.count === 3);
  const copy = new Uint8Array(wire.length + 1);
  assertEquals(line.encode(run, copy, 2), -1); // no room
  assertEquals(line.encode(run, copy, 1), copy.length);
  assertEquals(copy.subarray(1), wire);
});

Deno.test("line refuses a body with a newline", () => {
  assertThrows(
    () => line.encode(Message.of("1\n2"), new Uint8Array(10), 0),
    MessageError,
    'with a newline as a line (--format=header can): "1\\n2"',
  );
});

Deno.test("header carries every field and any bytes", () => {
  const fields: Header = {
    type: "request",
    from: "client",
    to: "server",
    seq: 7,
    priority: 9,
    replyTo: "client.42",
  };
  const body = new Uint8Array([0, 10, 10, 255]);
  const wire = new Uint8Array(300);
  const end = header.encode(new Message(body, 0, 4, fields), wire, 0);
  const decoder = header.decoder();
  decoder.push(wire.subarray(0, end));
  const message = decoder.next();
  assert(message instanceof Message);
  assertEquals(message.header, fields);
  assertEquals(message.body, body);
});

Deno.test("header quotes what is wrong and goes on at the next message", () => {
  const good = encode(header, "good");
  const cases: [bad: string, why: string][] = [
    ["Type: data\nSeq: 1\n\n", "lacks From"],
    ["Type: data\nnonsense\n\n", "has a line that is no field"],
    ["Type: a\nType: b\n\n", "has the field Type twice"],
    [
      "Type: a\nFrom: b\nTo: c\nSeq: x\nPriority: 0\nContent-Length: 1\n\n",
      "has a Seq that is no number",
    ],
    [
      "Type: a\nFrom: b\nTo: c\nSeq: 1\nPriority: 0\nContent-Length: 2000000\n\n",
      "has a Content-Length that is no number up to 1048576",
    ],
  ];
  for (const [bad, why] of cases) {
    const found = decode(header, concat(encoder.encode(bad), good));
    assert(found[0].includes(why) && found[0].includes('"Type: '), found[0]);
    assertEquals(found.at(-1), "good");
  }
});
