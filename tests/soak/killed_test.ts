// kill -9 of a program that has started others: they end, too.
import { assert } from "@std/assert";
import { delay } from "@std/async/delay";
import { descendantsOf, processSeen } from "../../lib/observe/mod.ts";
import { isAlive } from "../../lib/posix/process.ts";
import { type Running, start } from "../scripts.ts";

const LIMIT_MS = 20_000;

/** Looks until it is good, or the time is over. @returns The last look. */
async function until<T>(
  look: () => T,
  isGood: (seen: T) => boolean,
): Promise<T> {
  const latest = performance.now() + LIMIT_MS;
  for (;;) {
    const seen = look(); // once: a process may end between two looks
    if (isGood(seen) || performance.now() > latest) return seen;
    await delay(20);
  }
}

/** Kills it when it has started two processes; all must end. */
async function assertEndsAll(script: Running) {
  const started = () =>
    descendantsOf(script.pid)
      .filter((pid) => processSeen(pid)?.command === "deno");
  const pids = await until(started, ({ length }) => length >= 2);
  assert(pids.length >= 2, script.lines.join("\n"));
  script.kill("SIGKILL");
  const left = await until(
    () => pids.filter(isAlive),
    ({ length }) => length === 0,
  );
  for (const pid of left) Deno.kill(pid, "SIGKILL");
  assert(left.length === 0, `left behind: ${left}`);
}

Deno.test("kill -9 of soak ends its labs, producers and consumers", async () => {
  // A pipe has no name that would be left behind.
  await using soak = start("soak", ["--via=pipe", "--kills=1000", "--seed=5"]);
  await assertEndsAll(soak);
});
