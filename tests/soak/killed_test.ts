// kill -9 of a program that has started others: they end, too.
import { assert } from "@std/assert";
import { delay } from "@std/async/delay";
import { descendantsOf, processSeen } from "../../lib/observe/mod.ts";
import { isAlive } from "../../lib/posix/process.ts";
import { type Running, start } from "../scripts.ts";

const LIMIT_MS = 20_000;

async function until(isSo: () => boolean): Promise<boolean> {
  const latest = performance.now() + LIMIT_MS;
  while (!isSo() && performance.now() < latest) await delay(20);
  return isSo();
}

/** Kills it when it has started two processes; all must end. */
async function assertEndsAll(script: Running) {
  const started = () =>
    descendantsOf(script.pid)
      .filter((pid) => processSeen(pid)?.command === "deno");
  assert(await until(() => started().length >= 2), script.lines.join("\n"));
  const pids = started();
  script.kill("SIGKILL");
  await until(() => !pids.some(isAlive));
  const left = pids.filter(isAlive);
  for (const pid of left) Deno.kill(pid, "SIGKILL");
  assert(left.length === 0, `left behind: ${left}`);
}

Deno.test("kill -9 of soak ends its labs, producers and consumers", async () => {
  // A pipe has no name that would be left behind.
  await using soak = start("soak", ["--via=pipe", "--kills=1000", "--seed=5"]);
  await assertEndsAll(soak);
});
