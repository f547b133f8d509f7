import { assert, assertEquals } from "@std/assert";
import { PENDING, type Receiver } from "../../lib/channel/mod.ts";
import { header } from "../../lib/message/header.ts";
import { FORMATS } from "../../lib/message/formats.ts";
import { Inbox, Message, MessageError } from "../../lib/message/mod.ts";

/** A receiver that always has the same bytes. */
function flooded(text: string): Receiver {
  const bytes = new TextEncoder().encode(text.repeat(10_000));
  return { poll: () => bytes, readable: () => undefined };
}

for (const [what, text] of [["garbage", "?\n"], ["empty lines", "\n"]]) {
  Deno.test(`Inbox.poll() returns from an endless flood of ${what}`, () => {
    const inbox = new Inbox(flooded(text), () => header.decoder(), false);
    for (let i = 0; i < 3; i++) {
      const found = inbox.poll();
      assert(found === PENDING || found instanceof MessageError);
    }
    assertEquals(inbox.poll(), PENDING);
  });
}

for (const format of Object.values(FORMATS)) {
  Deno.test(`Inbox bounds the memory of unfinished messages of many streams, ${format.name}`, () => {
    const STREAMS = 40;
    const fields = { type: "a", from: "b", to: "c", seq: 1, priority: 0 };
    const begin = format.encode(
      new Message(new Uint8Array(900_000).fill(97), fields),
    );
    const good = format.encode(Message.of("good", fields));
    let looks = 0;
    const receiver = {
      stream: 0,
      poll() {
        const round = Math.floor(looks / STREAMS);
        this.stream = looks++ % STREAMS;
        if (round === 0) return begin.subarray(0, -10);
        if (round === 1) return begin.subarray(-10); // the rest
        return round === 2 ? good : PENDING;
      },
      readable: () => undefined,
    };
    const inbox = new Inbox(receiver, () => format.decoder(), false);
    let whole = 0, next = 0, dropped = 0;
    for (let found; (found = inbox.poll()) !== PENDING || looks < 120;) {
      if (found instanceof MessageError) {
        assert(
          found.message.includes("unfinished messages have 16777216 bytes"),
        );
        dropped++;
      } else if (found instanceof Message) {
        if (found.text === "good") next++;
        else whole++;
      }
    }
    // 16 MiB are 18 messages of 900,000 bytes; the next message of each is read.
    assertEquals([whole, dropped, next], [18, STREAMS - 18, STREAMS]);
  });
}
