// The soak that is itself interrupted: it kills the command that it runs, and
// removes what that had no time to remove.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { childrenOf } from "../../lib/observe/processes.ts";
import { readText } from "../../lib/posix/folder.ts";
import { openShared, unlinkShared } from "../../lib/posix/shm.ts";
import { interrupt } from "../../lib/soak/interrupts.ts";
import { objectName } from "../scripts.ts";

/** The moment of an interrupt: long after the test. */
const never = () => 3_600_000;

/** The command lines of our children. */
function children(): { pid: number; line: string }[] {
  return childrenOf(Deno.pid).map((pid) => {
    return { pid, line: readText(`/proc/${pid}/cmdline`) ?? "" };
  });
}

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
    const name = await found(
      () =>
        children().map(({ line }) => /--name=(soak-[^\0]+)/.exec(line)?.[1])
          .find((name) => name !== undefined),
      work,
    );
    await found(() => inspect?.({ name }), work);
    soak.abort();
    await assertRejects(() => work, DOMException);
    assertEquals(await inspect?.({ name }), undefined);
  });
}

for (const task of ["bench", "race"]) {
  Deno.test(`soak: a segment that ${task} leaves is found, and removed`, async () => {
    const { signal } = new AbortController();
    const work = interrupt(task, undefined, () => 0, signal);
    // We leave it in its place, before Ctrl-C comes.
    const { pid } = children().find(({ line }) =>
      line.includes(`/${task}.ts`)
    ) ?? {};
    const name = objectName(`${task}.${pid}.left`);
    openShared(name, { create: true, exclusive: true, bytes: 4096 }).close();
    const words = await work;
    const isLeft = unlinkShared(name);
    assert(words.some((text) => text.includes("was left behind")), `${words}`);
    assert(!isLeft);
  });
}
