// The soak that is itself interrupted: it kills the command that it runs, and
// removes what that had no time to remove.
import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { childrenOf } from "../../lib/observe/processes.ts";
import { readText } from "../../lib/posix/folder.ts";
import { interrupt } from "../../lib/soak/interrupts.ts";

/** The moment of an interrupt: long after the test. */
const never = () => 3_600_000;

/** Waits for what `look` finds; fails if the work ends before. */
async function found<T>(
  look: () => T | undefined,
  work: Promise<string[]>,
): Promise<T> {
  const over = work.then((words) => {
    throw new Error(`The command has ended: ${words}`);
  });
  over.catch(() => {}); // in the end it is interrupted
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    await Promise.race([delay(5), over]);
  }
}

for (const via of ["fifo", "queue", "shm"]) {
  Deno.test(`soak: Ctrl-C removes what the command over ${via} has made`, async () => {
    const { inspect } = await mechanismNamed(via).load();
    const soak = new AbortController();
    const line = `lab --via=${via} --quiet --count=1000000000000 --pause=0`;
    const work = interrupt(line, via, never, soak.signal);
    const name = await found(() =>
      childrenOf(Deno.pid)
        .map((pid) => readText(`/proc/${pid}/cmdline`) ?? "")
        .map((text) => /--name=(soak-[^\0]+)/.exec(text)?.[1])
        .find((name) => name !== undefined), work);
    await found(() => inspect?.({ name }), work);
    soak.abort();
    await assertRejects(() => work, DOMException);
    assertEquals(await inspect?.({ name }), undefined);
  });
}
