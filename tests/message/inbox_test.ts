import { assert, assertEquals } from "@std/assert";
import { PENDING, type Receiver } from "../../lib/channel/mod.ts";
import { header } from "../../lib/message/header.ts";
import { Inbox, MessageError } from "../../lib/message/mod.ts";

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
