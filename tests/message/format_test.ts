import { assert, assertEquals, assertThrows } from "@std/assert";
import { FORMATS } from "../../lib/message/formats.ts";
import { line } from "../../lib/message/line.ts";
import { header } from "../../lib/message/header.ts";
import {
  concat,
  type Format,
  type Header,
  MAX_BODY,
  Message,
  MessageError,
} from "../../lib/message/message.ts";
import { lcg } from "../lcg.ts";

const encoder = new TextEncoder();

function head(seq: number): Header {
  return { type: "data", from: "process1", to: "process2", seq, priority: 0 };
}

function encode(format: Format, ...texts: string[]): Uint8Array {
  return concat(
    ...texts.map((text, i) => format.encode(Message.of(text, head(i + 1)))),
  );
}

/** What a decoder finds in pieces: bodies, and `!` for what is wrong. */
function decode(format: Format, ...pieces: Uint8Array[]): string[] {
  const decoder = format.decoder();
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

for (const format of Object.values(FORMATS)) {
  Deno.test(`${format.name} decodes what it has encoded, however the bytes are cut`, () => {
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

  Deno.test(`${format.name} takes a body of 1 MiB`, () => {
    const body = "x".repeat(MAX_BODY);
    assertEquals(decode(format, encode(format, body)), [body]);
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
      // Here ends any message that the random bytes may have begun.
      const end = concat(encoder.encode("\n"), encode(format, "lost", "found"));
      const found = decode(format, concat(noise, end));
      assertEquals(found.at(-1), "found", `round ${round}`);
    }
  });

  Deno.test(`${format.name} keeps no more than it must of an endless message`, () => {
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

Deno.test("line refuses a body with a newline", () => {
  assertThrows(
    () => line.encode(Message.of("1\n2")),
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
  const decoder = header.decoder();
  decoder.push(header.encode(new Message(body, fields)));
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
    [
      "Type: a\nFrom: b\nTo: c\nSeq: 1\nPriority: 0\n" +
      "Checksum: crc32 cbf43926\nContent-Length: 9\n\n123456788\n",
      "gives a Checksum that is not the body's",
    ],
    [
      "Type: a\nFrom: b\nTo: c\nSeq: 1\nPriority: 0\n" +
      "Checksum: md5 0\nContent-Length: 9\n\n123456789\n",
      "gives a Checksum that is not the body's",
    ],
  ];
  for (const [bad, why] of cases) {
    const found = decode(header, concat(encoder.encode(bad), good));
    assert(found[0].includes(why) && found[0].includes('"Type: '), found[0]);
    assertEquals(found.at(-1), "good");
  }
});

Deno.test("header never takes a body that is mixed of two, though its length is right", () => {
  const a = encode(header, "a".repeat(70_000));
  const b = encode(header, "b".repeat(70_000));
  // Where a pipe may cut a long write: pipe(7).
  for (const cut of [4096, 8192, 65_536]) {
    const torn = concat(
      a.subarray(0, cut),
      b.subarray(cut),
      b.subarray(0, cut),
      a.subarray(cut),
    );
    const found = decode(header, concat(torn, encode(header, "good")));
    assert(found[0].includes("Checksum that is not the body's"), found[0]);
    assertEquals(found.filter((text) => /^[ab]+$/.test(text)), []);
    assertEquals(found.at(-1), "good");
  }
});

Deno.test("header takes a message without Checksum, as a shell writes it", () => {
  const bytes = encoder.encode(
    "Type: a\nFrom: b\nTo: c\nSeq: 1\nPriority: 0\nContent-Length: 2\n\nhi\n",
  );
  assertEquals(decode(header, bytes), ["hi"]);
});
