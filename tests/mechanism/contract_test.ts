// What every mechanism must do and be, on the real kernel object and across
// real processes (or workers): one suite, run over the list of mechanisms.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Mechanism } from "../../lib/channel/mod.ts";
import { MECHANISMS } from "../mechanisms.ts";
import { header } from "../../lib/message/header.ts";
import { MAX_BODY, Message } from "../../lib/message/message.ts";
import type { Reply } from "./peer.ts";
import { Channel, type Peer, Pool } from "./peers.ts";
import { descriptors, leftovers } from "../scripts.ts";

const PENDING = { nothing: "Data not available" };
const END = { nothing: "Every sender has closed" };
const PIPE_BUF = 4096;

/** The length of the body of a message of that many bytes on the wire. */
function bodyOf(bytes: number, seq: number): number {
  const fields = { type: "data", from: "sender", to: "test", seq, priority: 0 };
  for (let length = bytes - 60;; length--) {
    const message = new Message(new Uint8Array(length), fields);
    if (header.encode(message).length === bytes) return length;
  }
}

function intact(lengths: number[], from = "sender") {
  return lengths.map((length, i) => ({
    from,
    seq: i + 1,
    length,
    intact: true,
  }));
}

/** How long (ms) a mechanism that settles in time may take. */
const IN_TIME_MS = 10_000;

/**
 * Repeats an order until its reply is as expected, if the mechanism settles in
 * time. One that settles at once has a single try.
 */
async function settles(
  { properties }: Mechanism,
  order: () => Promise<Reply>,
  expected: (reply: Reply) => boolean,
): Promise<Reply> {
  const inTime = properties.settles === "in time" ? IN_TIME_MS : 0;
  const latest = performance.now() + inTime;
  for (;;) {
    const reply = await order();
    if (expected(reply) || performance.now() >= latest) return reply;
    await delay(5);
  }
}

const pool = new Pool();
Deno.test.afterAll(() => pool[Symbol.asyncDispose]());

for (const mechanism of MECHANISMS) {
  const { name, properties, available } = mechanism;
  const { openedBy, outlives, boundaries, capacity } = properties;
  const twoWay = properties.direction === "two-way";
  const ignore = available() !== true;
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${name}: ${what}`, ignore, fn });

  test("PENDING before the first sender, END after the last, PENDING while one is silent", async () => {
    await using channel = new Channel(mechanism, { pool });
    const receiver = await channel.receiver();
    assertEquals(await receiver.do({ do: "poll" }), PENDING);
    const sender = await channel.sender();
    await channel.letGo();
    await sender.do({ do: "send", lengths: [1, 0] });
    const { messages } = await receiver.do({ do: "receive", count: 2 });
    assertEquals(messages, intact([1, 0]));
    assertEquals(await receiver.do({ do: "poll" }), PENDING);
    await sender.do({ do: "close" });
    await sender.end(); // its exit closes the end of a pipe
    const { end } = await receiver.do({ do: "receive", count: 1 });
    assertEquals(end, true);
    assertEquals(await receiver.do({ do: "poll" }), END);
    await receiver.do({ do: "close" });
    assertEquals(leftovers(channel.address.name), []);
    assertEquals(
      await (await mechanism.load()).remove(channel.address),
      undefined,
    );
  });

  test("keeps the order, and every length up to the longest record", async () => {
    await using channel = new Channel(mechanism, { pool });
    const receiver = await channel.receiver();
    const sender = await channel.sender();
    const whole = sender.limit === Infinity ? PIPE_BUF : sender.limit;
    const lengths = [0, 1, 100, bodyOf(whole, 4)];
    // A longer record goes in pieces, or not at all.
    const longer = [bodyOf(whole + 1, 5), MAX_BODY];
    const sending = boundaries ? lengths : [...lengths, ...longer];
    const receiving = receiver.do({ do: "receive", count: sending.length });
    await sender.do({ do: "send", lengths: sending });
    assertEquals((await receiving).messages, intact(sending));
    if (boundaries) {
      for (const length of longer) {
        const { error } = await sender.ask({ do: "send", lengths: [length] });
        assertMatch(
          String(error),
          /^Cannot send a message of more than \d+ bytes/,
        );
      }
    }
  });

  test("several senders at once: the order of each is kept, none is lost or torn", async () => {
    await using channel = new Channel(mechanism, { pool });
    const receiver = await channel.receiver();
    const names = ["one", "two", "three"];
    const senders: Peer[] = [];
    for (const name of names) senders.push(await channel.sender(name));
    const lengths = Array.from({ length: 200 }, (_, i) => (i * 13) % 900);
    const receiving = receiver.do({
      do: "receive",
      count: names.length * lengths.length,
    });
    await Promise.all(
      senders.map((sender) => sender.do({ do: "send", lengths })),
    );
    const messages = (await receiving).messages as { from: string }[];
    for (const from of names) {
      const mine = messages.filter((message) => message.from === from);
      assertEquals(mine, intact(lengths, from));
    }
  });

  test("a full channel refuses and loses nothing, and holds as much as it claims", async () => {
    await using channel = new Channel(mechanism, { pool });
    const receiver = await channel.receiver();
    const sender = await channel.sender();
    const length = 1000;
    const { records, bytes, refused } = await sender.do({
      do: "fill",
      length,
      most: 1000,
    });
    assertEquals(refused, "Buffer full");
    if ("bytes" in capacity) {
      // The kernel's bookkeeping takes a part, and the reader reads ahead.
      assert(Number(bytes) > capacity.bytes / 4, `${bytes} bytes`);
      assert(Number(bytes) < capacity.bytes * 2 + 65_536, `${bytes} bytes`);
    } else {
      assertEquals(records, capacity.messages);
      const take = () => receiver.do({ do: "pollRecord" });
      const taken = await settles(mechanism, take, (reply) => "text" in reply);
      assertEquals("text" in taken, true);
      // A server keeps a record until its reader comes for the next one.
      if (properties.settles === "in time") await take();
      const more = await settles(
        mechanism,
        () => sender.do({ do: "fill", length, most: 10 }),
        (reply) => reply.records !== 0,
      );
      assertEquals([more.records, more.refused], [1, "Buffer full"]);
    }
  });

  if ("chosen" in capacity && capacity.chosen) {
    test("holds as many messages as were asked for", async () => {
      await using channel = new Channel(mechanism, { pool, capacity: 3 });
      const sender = await channel.sender();
      const { records } = await sender.do({ do: "fill", length: 9, most: 99 });
      assertEquals(records, 3);
    });
  }

  test(`two records come as ${boundaries ? "two" : "a stream of bytes"}`, async () => {
    await using channel = new Channel(mechanism, { pool });
    const receiver = await channel.receiver();
    const sender = await channel.sender();
    await sender.do({ do: "offer", text: "first" });
    await sender.do({ do: "offer", text: "second" });
    let text = "";
    const pieces: unknown[] = [];
    while (text.length < 11) {
      const reply = await receiver.do({ do: "pollRecord" });
      if (reply.text === undefined) continue;
      pieces.push(reply.text);
      text += reply.text;
    }
    if (boundaries) assertEquals(pieces, ["first", "second"]);
    else assertEquals(text, "firstsecond");
  });

  test(`what was sent ${outlives ? "remains" : "is gone"} when every process has been killed`, async () => {
    await using channel = new Channel(mechanism, { pool });
    await channel.receiver(); // a FIFO or a socket needs one
    const killed = await channel.sender();
    await killed.do({ do: "send", lengths: [1, 2, 3] });
    await channel.letGo();
    await channel.end();
    // The same name again; or a new parent, if the parent makes the channel.
    await using same = new Channel(mechanism, {
      pool,
      name: channel.address.name,
    });
    const receiver = await same.receiver();
    if (outlives) {
      const { messages } = await receiver.do({ do: "receive", count: 3 });
      assertEquals(messages, intact([1, 2, 3]));
      const poll = () => receiver.do({ do: "poll" });
      const isEnd = (reply: Reply) => reply.nothing === END.nothing;
      assertEquals(await settles(mechanism, poll, isEnd), END);
    }
    // If anything of it were left, it would come first.
    const next = await same.sender("next");
    await next.do({ do: "send", lengths: [4] });
    const { messages } = await receiver.do({ do: "receive", count: 1 });
    assertEquals(messages, intact([4], "next"));
  });

  test(`an end ${twoWay ? "could" : "cannot"} carry data the other way`, async () => {
    await using channel = new Channel(mechanism, { pool });
    const receiver = await channel.receiver();
    const sender = await channel.sender();
    await sender.do({ do: "send", lengths: [1] });
    await receiver.do({ do: "receive", count: 1 });
    if (channel.address.memory) { // no descriptor: both ends share all of it
      await channel.open(receiver, "sender", "receiver");
      await channel.open(sender, "receiver");
      await receiver.do({ do: "send", lengths: [2] });
      const { messages } = await sender.do({ do: "receive", count: 1 });
      assertEquals(messages, intact([2], "receiver"));
      assert(twoWay);
      return;
    }
    // The kernel knows how each descriptor is open. Ours are those of the
    // object that go when we close; `-` is only its place, O_PATH.
    const isOfObject = (line: string) =>
      openedBy === "parent" // a pipe has no name
        ? /fd\/[01]' /.test(line)
        : line.includes(channel.address.name) || line.includes("'socket:");
    for (const [peer, part] of [[sender, "w"], [receiver, "r"]] as const) {
      const before = descriptors(peer.pid);
      await peer.do({ do: "close" });
      const after = descriptors(peer.pid);
      const closed = before.filter((line) =>
        isOfObject(line) && !after.includes(line) && !line.startsWith("-")
      );
      const modes = new Set(closed.map((line) => line.split(" ")[0]));
      assertEquals(modes, new Set([twoWay ? "rw" : part]), closed.join("\n"));
    }
  });

  if (properties.processes === "many") {
    test("kill -9 of the receiver: the sender notices or fills the buffer, and a new receiver joins", async () => {
      await using channel = new Channel(mechanism, { pool });
      const receiver = await channel.receiver();
      const sender = await channel.sender();
      await channel.letGo();
      await sender.do({ do: "send", lengths: [1] });
      await receiver.do({ do: "receive", count: 1 });
      await receiver.end();
      if (openedBy !== "name") {
        // The first write may still find room in a buffer without a reader.
        await sender.do({ do: "fill", length: 1, most: 1 });
        const { refused } = await sender.do({
          do: "fill",
          length: 1,
          most: 99,
        });
        assertEquals(refused, "Nobody reads yet");
        return;
      }
      const { refused } = await sender.do({
        do: "fill",
        length: 9,
        most: 99999,
      });
      const heard = outlives ? "Buffer full" : "Nobody reads yet";
      assertEquals(refused, heard);
      const next = await channel.receiver();
      const sending = sender.do({ do: "send", lengths: [5] });
      const receiving = outlives
        ? next.do({ do: "receive", count: 99999 })
        : next.do({ do: "receive", count: 1 });
      await sending;
      await sender.do({ do: "close" });
      const { messages } = await receiving as {
        messages: { length?: number }[];
      };
      assertEquals(messages.at(-1)?.length, 5, JSON.stringify(messages));
    });

    test("kill -9 of the sender: the receiver sees the end, and a new sender joins", async () => {
      await using channel = new Channel(mechanism, { pool });
      const receiver = await channel.receiver();
      const first = await channel.sender("first");
      await first.do({ do: "send", lengths: [1] });
      await receiver.do({ do: "receive", count: 1 });
      const second = openedBy === "name"
        ? undefined
        : await channel.sender("second");
      await channel.letGo();
      const receiving = receiver.do({ do: "receive", count: 1 });
      await first.end();
      if (second) {
        await second.do({ do: "send", lengths: [2] });
      } else {
        assertEquals((await receiving).end, true);
        const next = await channel.sender("second");
        await next.do({ do: "send", lengths: [2] });
      }
      const receive = () => receiver.do({ do: "receive", count: 1 });
      const { messages } = second
        ? await receiving
        : await settles(mechanism, receive, (reply) => !reply.end);
      assertEquals(messages, intact([2], "second"));
    });

    // Where boundaries are kept, the kernel takes a message whole or not at all;
    // the ring's half-filled slot has a test of its own.
    if (!boundaries) {
      test("kill -9 of the sender in the middle of a message: torn, never delivered", async () => {
        await using channel = new Channel(mechanism, { pool });
        const receiver = await channel.receiver();
        const sender = await channel.sender();
        await channel.letGo();
        await sender.do({ do: "send", lengths: [1] });
        const { offered } = await sender.do({
          do: "offerMessage",
          length: MAX_BODY,
        });
        assertEquals(offered, "Buffer full"); // the beginning is in the buffer
        await sender.end();
        const { messages, end } = await receiver.do({
          do: "receive",
          count: 3,
        }) as {
          messages: { torn?: boolean; seq?: number }[];
          end: boolean;
        };
        assertEquals(messages.slice(0, 1), intact([1]));
        assertEquals(messages.map(({ torn }) => torn), [undefined, true]);
        assertEquals(end, true);
      });
    }

    test("SIGSTOP and SIGCONT of either side: nothing is lost", async () => {
      await using channel = new Channel(mechanism, { pool });
      const receiver = await channel.receiver();
      const sender = await channel.sender();
      const lengths = Array.from({ length: 300 }, (_, i) => i * 3);
      for (const stopped of [receiver, sender]) {
        const receiving = receiver.do({ do: "receive", count: lengths.length });
        const sending = sender.do({ do: "send", lengths });
        Deno.kill(stopped.pid, "SIGSTOP");
        await new Promise((resolve) => setTimeout(resolve, 20));
        Deno.kill(stopped.pid, "SIGCONT");
        await sending;
        const { messages } = await receiving as {
          messages: { length: number }[];
        };
        assertEquals(messages.map(({ length }) => length), lengths);
      }
    });

    test("a blocked wait costs almost no processor time", async () => {
      await using channel = new Channel(mechanism, { pool });
      const receiver = await channel.receiver();
      const sender = await channel.sender();
      await sender.do({ do: "send", lengths: [1] });
      await receiver.do({ do: "receive", count: 1 });
      await receiver.do({ do: "idle", ms: 300 }); // to compile the code
      const { busy } = await receiver.do({ do: "idle", ms: 800 });
      assert(Number(busy) < 0.03, `${busy} of a processor`);
    });
  }
}
