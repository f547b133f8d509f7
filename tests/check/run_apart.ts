/**
 * Runs a program as `deno task check` does, in a process of its own: a checker
 * adopts every orphan and ends every child that it has, and `deno test` runs
 * many test files, with children of their own, in one process.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Evidence } from "../../lib/check/evidence.ts";
import { type Program, runProgram } from "../../lib/check/run.ts";
import { startGuard } from "../../lib/lab/guard.ts";
import { childrenOf } from "../../lib/observe/mod.ts";
import { Running, taskArguments } from "../scripts.ts";

/** Runs a program to its end, or for so long. */
export async function runApart(
  program: Program,
  timeoutMs: number,
): Promise<Evidence> {
  const args = taskArguments("check").with(
    -1,
    new URL(import.meta.url).pathname,
  );
  const input = new Blob([JSON.stringify({ program, timeoutMs })]).stream();
  await using checker = new Running(Deno.execPath(), args, { input });
  const { code, log } = await checker.ended();
  assertEquals(code, 0, log);
  const text = new TextDecoder().decode(await checker.output());
  const { evidence, children } = JSON.parse(
    text,
    (_, value) =>
      value && Array.isArray(value.map) ? new Map(value.map) : value,
  );
  assertEquals(children, [], "a process is left");
  return evidence;
}

if (import.meta.main) {
  const { program, timeoutMs } = await new Response(Deno.stdin.readable).json();
  const { signal } = new AbortController();
  startGuard(); // a child of ours that stays
  const before = childrenOf(Deno.pid);
  const evidence = await runProgram(program, { timeoutMs, signal });
  assert(evidence.live);
  const children = childrenOf(Deno.pid).filter((pid) => !before.includes(pid));
  const result = { evidence, children };
  const text = JSON.stringify(
    result,
    (_, value) => value instanceof Map ? { map: [...value] } : value,
  );
  await new Response(text).body?.pipeTo(Deno.stdout.writable);
}
