// How often process 2 must say that data is missing.
import { assertEquals } from "@std/assert";
import { type Evidence, SHEET } from "../../lib/check/evidence.ts";
import { readLine } from "../../lib/check/line.ts";
import { waits } from "../../lib/check/story_rules.ts";

/** A log in which process 2 comes when the pause has begun, and waits. */
function waiting(times: number, readyMs: number, pauseMs: number): Evidence {
  const missing = "INFO:process2:Data not available";
  const lines: [line: string, at: number][] = [
    ["INFO:process1:Writing 6", 0],
    ["INFO:process1:Intentionally sleeping for a while", 0],
    ["INFO:process2:Read: 6", readyMs],
    ...Array.from({ length: times }, () => [missing, readyMs] as const),
    ["INFO:process1:Writing 7", pauseMs],
    ["INFO:process2:Read: 7", pauseMs],
  ].map(([text, at]) => [String(text), Number(at)]);
  return {
    lines: lines.map(([text, at]) => readLine(text, at)),
    oddities: [],
  };
}

const CASES: [pauseMs: number, retryMs: number, least: number, most: number][] =
  [
    [5000, 1000, 3, 7],
    [3000, 200, 11, 17],
    [1000, 200, 3, 7],
    [1000, 1000, 1, 3],
  ];

for (const [pauseMs, retryMs, least, most] of CASES) {
  Deno.test(`waits() asks for no more than fit into ${pauseMs} ms, once in ${retryMs} ms`, () => {
    const expectation = { ...SHEET, pauseMs, retryMs };
    const readyMs = pauseMs / 6; // it is there for more than four fifths
    const judged = Array.from(
      { length: most + 2 },
      (_, times) => waits(waiting(times, readyMs, pauseMs), expectation),
    );
    const allowed = judged.flatMap(({ ok }, times) => ok ? [times] : []);
    assertEquals([allowed.at(0), allowed.at(-1)], [least, most]);
    assertEquals(allowed.length, most - least + 1);
    const [{ expected }] = judged;
    assertEquals(
      expected,
      `${least} to ${most} times, once every ${retryMs / 1000} s`,
    );
  });
}

Deno.test("waits() expects a late process 2 to be there, and no number of times", () => {
  const { ok, expected } = waits(waiting(0, 5100, 5000), SHEET);
  assertEquals([ok, expected], [undefined, undefined]); // a log alone
  const evidence = waiting(0, 5100, 5000);
  const live = {
    startedAt: 0,
    ms: 5200,
    endings: [],
    lateMs: 0,
    processes: new Map(),
    objects: new Map(),
    left: [],
  };
  const late = waits({ ...evidence, live }, SHEET);
  assertEquals(
    [late.ok, late.expected],
    [false, "process 2 is there while process 1 pauses"],
  );
});
