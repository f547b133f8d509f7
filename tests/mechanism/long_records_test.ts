// Records of more than PIPE_BUF bytes, which the kernel writes in pieces: whole
// or refused, and never torn.
import { assert, assertEquals } from "@std/assert";
import { FULL, type Operations, PENDING } from "../../lib/channel/mod.ts";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { close, O_NONBLOCK, O_WRONLY, open } from "../../lib/posix/file.ts";
import { PIPE_BUF } from "../../lib/message/message.ts";
import { freshName, leftovers, start } from "../scripts.ts";

const LONG = new Uint8Array(200_000).fill(97);
const SHORT = new Uint8Array(10).fill(98);

/** Lines of one letter, as the input of a producer. */
function inputOf(letter: string, lines: number, bytes: number): ReadableStream {
  const text = (letter.repeat(bytes) + "\n").repeat(lines);
  return new Blob([text]).stream();
}

/** A long record, begun and not finished, for the pipe is full. */
async function begun(name: string, { openReceiver, openSender }: Operations) {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.use(await openReceiver({ name }));
  const sender = stack.use(await openSender({ name }));
  assertEquals(sender.limit, Infinity);
  assertEquals(sender.offer(LONG), FULL);
  return { receiver, sender, stack: stack.move() };
}

Deno.test("fifo: another sender waits until a long record is written, and then neither begins one", async () => {
  const name = freshName();
  const fifo = await mechanismNamed("fifo").load();
  {
    const { receiver, sender, stack } = await begun(name, fifo);
    await using _stack = stack;
    const other = stack.use(await fifo.openSender({ name }));
    let offered: unknown = FULL;
    let read = 0;
    for (let round = 0; offered !== true && round < 10; round++) {
      assertEquals(other.offer(SHORT), FULL);
      const found = receiver.poll();
      if (found instanceof Uint8Array) {
        assertEquals(found, LONG.subarray(0, found.length));
        read += found.length;
      }
      offered = sender.offer(LONG);
    }
    assertEquals(offered, true);
    assertEquals(other.offer(SHORT), true);
    for (let found; (found = receiver.poll()) instanceof Uint8Array;) {
      read += found.length;
    }
    assertEquals(read, LONG.length + SHORT.length);
    assertEquals([sender.limit, other.limit], [PIPE_BUF, PIPE_BUF]);
    assertEquals(sender.offer(LONG), FULL);
    assertEquals(sender.offer(SHORT), true);
  }
  assertEquals(leftovers(name), []);
});

Deno.test("fifo: a second receiver reads no part of a long record", async () => {
  const name = freshName();
  const fifo = await mechanismNamed("fifo").load();
  {
    const { receiver, sender, stack } = await begun(name, fifo);
    await using _stack = stack;
    const other = stack.use(await fifo.openReceiver({ name }));
    let offered: unknown = FULL;
    for (let round = 0; offered !== true && round < 10; round++) {
      assertEquals(other.poll(), PENDING);
      receiver.poll();
      offered = sender.offer(LONG);
    }
    assertEquals(offered, true);
    receiver.poll();
    assertEquals(other.poll(), PENDING);
    assertEquals(sender.limit, PIPE_BUF);
    assertEquals(sender.offer(SHORT), true);
    assertEquals(other.poll(), SHORT);
  }
  assertEquals(leftovers(name), []);
});

for (const [producers, consumers] of [[2, 1], [1, 2]]) {
  Deno.test(`fifo: ${producers} producers and ${consumers} consumers: each long line is whole or refused`, async () => {
    const name = freshName();
    const lines = 60;
    const flags = [`--name=${name}`, "--retry=20ms", "--quiet"];
    await using stack = new AsyncDisposableStack();
    const readers = Array.from(
      { length: consumers },
      () =>
        stack.use(start("consumer", [...flags, "--until-end", "--output=-"])),
    );
    for (const reader of readers) await reader.saw("Pid:");
    // As a shell would: so the end does not come before the last producer.
    const held = open(`run/${name}.fifo`, O_WRONLY | O_NONBLOCK);
    const writers = Array.from(
      { length: producers },
      (_, i) =>
        stack.use(start("producer", [...flags, "--input=-"], {
          input: inputOf("ab"[i], lines, 10_000),
        })),
    );
    let refused = 0;
    await Promise.all(writers.map((writer) => writer.ended()))
      .finally(() => close(held));
    for (const writer of writers) {
      const { log } = await writer.ended();
      refused += writer.lines.filter((line) =>
        line.includes("while several write or read, as it could be torn")
      ).length;
      assert(!log.includes("gave up"), log);
    }
    let whole = 0;
    for (const reader of readers) {
      const { code, log } = await reader.ended();
      assertEquals(code, 0, log);
      const text = new TextDecoder().decode(await reader.output());
      for (const line of text.split("\n").slice(0, -1)) {
        assert(
          /^(a{10000}|b{10000})$/.test(line),
          `torn: ${line.length} bytes`,
        );
        whole++;
      }
    }
    assertEquals(whole + refused, producers * lines);
    if (consumers > 1) assertEquals(refused, lines);
    assertEquals(leftovers(name), []);
  });
}

for (const via of ["fifo", "pipe", "socket"]) {
  Deno.test(`lab --via=${via}: lines longer than the kernel's buffer go through`, async () => {
    for (const flags of [[], ["--quiet"], ["--format=header"]]) {
      const name = freshName();
      await using lab = start("lab", [
        ...[`--via=${via}`, `--name=${name}`, "--input=-", "--output=-"],
        ...["--retry=20ms", "--pause=0", "--timeout=20s", ...flags],
      ], { input: inputOf("a", 3, 200_000) });
      const { code, log } = await lab.ended();
      assertEquals(code, 0, log.slice(0, 2000));
      const text = new TextDecoder().decode(await lab.output());
      assertEquals(text === ("a".repeat(200_000) + "\n").repeat(3), true);
      assertEquals(leftovers(name), []);
    }
  });
}
