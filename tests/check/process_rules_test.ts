// Which Pids must belong to processes that were seen.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Evidence, SHEET, type Trace } from "../../lib/check/evidence.ts";
import { readLine } from "../../lib/check/line.ts";
import { areTwo } from "../../lib/check/process_rules.ts";
import { check } from "./command.ts";

const [ONE, TWO] = [4194302, 4194303];

/** A run of 5.5 s in which only some processes were seen. */
function run(lines: readonly string[], seen: number[], tids: number[] = []) {
  const trace = (pid: number): Trace => ({
    pid,
    command: "program",
    firstSeen: 0,
    lastSeen: 0,
    threads: 1,
    tids: [pid, ...tids],
    wchans: new Map(),
    looks: [],
  });
  const evidence: Evidence = {
    lines: lines.map((line) => readLine(line, 5000)), // all at once
    oddities: [],
    live: {
      startedAt: 0,
      ms: 5500,
      endings: [],
      lateMs: 0,
      processes: new Map(seen.map((pid) => [pid, trace(pid)])),
      objects: new Map(),
      left: [],
    },
  };
  return areTwo(evidence, SHEET);
}

const PAUSES = [`process1: Pid ${ONE}`, "process1: sleeping"];
const READS = [`process2: Pid ${TWO}`, "process2: Read 1"];
const MISSING = "process2: Data not available";

Deno.test("areTwo() excuses a process 2 that was there too shortly", () => {
  assertEquals(run([...PAUSES, ...READS], [ONE]).ok, undefined);
  assertEquals(run([...PAUSES, ...READS, MISSING], [ONE]).ok, undefined);
});

Deno.test("areTwo() excuses nobody that says it slept", () => {
  const paused = run([...PAUSES, ...READS], [TWO]);
  assertEquals([paused.ok, paused.got], [false, `no process ${ONE} ran`]);
  const waited = run([...PAUSES, ...READS, MISSING, MISSING], [ONE]);
  assertEquals([waited.ok, waited.got], [false, `no process ${TWO} ran`]);
  assertEquals(run([...READS, ...PAUSES], []).ok, false);
});

Deno.test("areTwo() excuses no thread that was seen", () => {
  const { ok, hint = "" } = run([...PAUSES, ...READS], [ONE], [TWO]);
  assertEquals(ok, false);
  assertMatch(hint, /a thread's number/);
});

Deno.test("check: a transcript that one process prints at once fails by rule 2", async () => {
  const text = Deno.readTextFileSync("fixtures/lab-sheet.txt")
    .replace("Pid:2796", `Pid:${ONE}`).replace("Pid:12832", `Pid:${TWO}`);
  const program = `while read -r line; do echo "$line"; sleep 0.002; done <<end
${text}end
sleep 1`;
  const { code, text: report } = await check("--", "sh", "-c", program);
  assert(code !== 0, report); // 3 on a machine that is too busy
  assertMatch(report, /^NO {2}2 .*no process 4194302/m);
});
