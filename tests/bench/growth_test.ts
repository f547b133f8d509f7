// Several producers and consumers on one channel, and what the page measures.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Crowd } from "../../lib/bench/crowd.ts";
import { CrowdCheck } from "../../lib/bench/crowd_work.ts";
import {
  emptyProgram,
  firstLine,
  idle,
  lines,
} from "../../lib/bench/errands.ts";
import { measureGrowth } from "../../lib/bench/growth.ts";
import { Payload, STOP } from "../../lib/bench/payload.ts";
import { MECHANISMS } from "../../lib/mechanism/mod.ts";
import { leftovers } from "../scripts.ts";

/** No measurement takes longer than this (ms), even beside other programs. */
const LIMIT_MS = 120_000;
const limit = () => AbortSignal.timeout(LIMIT_MS);
// A server hands out messages ahead of time, so consumers on one mailbox of
// NATS cannot share them by turns as these do.
const HERE = MECHANISMS.filter(({ available, properties }) =>
  properties.settles === "at once" && available() === true
);

/** A message of a producer. */
function message(size: number, producer: number, seq: number): Uint8Array {
  const payload = new Payload(size);
  payload.number(seq);
  new Int32Array(payload.bytes.buffer)[1] = producer;
  return payload.bytes;
}

Deno.test("CrowdCheck counts the messages of each producer, in pieces of any length", () => {
  for (const size of [8, 100]) {
    for (const piece of [1, 7, 8, 250]) {
      const check = new CrowdCheck(size, 2);
      const sent = [[0, 1], [1, 1], [0, 2], [1, 2], [1, 3], [0, STOP]];
      const bytes = sent.flatMap(([producer, seq]) => [
        ...message(size, producer, seq),
      ]);
      for (let at = 0; at < bytes.length; at += piece) {
        check.take(new Uint8Array(bytes.slice(at, at + piece)));
      }
      assertEquals([check.counts, check.sums, check.ends], [[2, 3], [3, 6], 1]);
    }
  }
});

Deno.test("CrowdCheck keeps streams apart that were cut in a message", () => {
  const check = new CrowdCheck(100, 2);
  const [one, two] = [message(100, 0, 1), message(100, 1, 1)];
  check.take(one.subarray(0, 30), 1);
  check.take(two.subarray(0, 60), 2);
  check.take(one.subarray(30), 1);
  check.take(two.subarray(60), 2);
  assertEquals(check.counts, [1, 1]);
});

Deno.test("CrowdCheck refuses a wrong byte, a message that came twice, an unknown producer", () => {
  const wrong = message(100, 0, 1);
  wrong[50] ^= 1;
  const again = new Uint8Array([...message(100, 0, 1), ...message(100, 0, 1)]);
  for (const bytes of [wrong, again, message(100, 2, 1)]) {
    const check = new CrowdCheck(100, 2);
    assertThrows(() => check.take(bytes), Error, "Wrong message");
  }
});

for (const mechanism of HERE) {
  const { name, properties } = mechanism;
  Deno.test(
    `a crowd over ${name} loses no message: three producers, ${
      properties.boundaries ? "three consumers" : "one consumer"
    }`,
    async () => {
      const consumers = properties.boundaries ? 3 : 1;
      const crowd = await Crowd.start(mechanism, 3, consumers, limit());
      try {
        const flow = await crowd.oneWay(100, 0.05);
        assert(flow.count >= 3 * 64 && flow.seconds > 0);
        assertEquals(flow.memory.length, 3 + consumers);
      } finally {
        await crowd[Symbol.asyncDispose]();
      }
      assertEquals(channelsLeft(), []);
    },
  );
}

/** Channels that are left; a folder of peers belongs to another test file. */
function channelsLeft(): string[] {
  return leftovers(`bench.${Deno.pid}`)
    .filter((path) => !path.endsWith(".peers"));
}

Deno.test("measureGrowth() measures pairs at once, and one channel", async () => {
  const [fifo] = HERE;
  const growth = await measureGrowth(fifo, 2, 0.02, limit());
  assertEquals([growth.mechanism, growth.pairs], ["fifo", 2]);
  assertEquals([growth.producers, growth.consumers], [2, 1]);
  assert(growth.p50 > 0 && growth.perSecond > 0 && growth.memory > 1e6);
});

Deno.test("lines(), firstLine(), emptyProgram() measure whole programs", async () => {
  assert(await lines(10_000, limit()) > 0);
  assert(await firstLine(limit()) > 0);
  assert(await emptyProgram(limit()) > 0);
  assertEquals(channelsLeft(), []);
});

Deno.test("idle() measures every mechanism at once", async () => {
  const parts = await idle(HERE, 0.5, limit());
  assertEquals(Object.keys(parts), HERE.map(({ name }) => name));
  for (const part of Object.values(parts)) assert(part >= 0 && part < 2);
});
