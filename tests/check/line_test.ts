// A line of anybody's log: who says it, and what.
import { assertEquals } from "@std/assert";
import { printable, readLine, untorn } from "../../lib/check/line.ts";

const SPELLINGS: [line: string, who?: string, what?: string, value?: number][] =
  [
    ["INFO:process1:Pid:2796", "process1", "pid", 2796],
    ["process1 - INFO - Pid: 29410", "process1", "pid", 29410],
    ["[process 2] PID = 7", "process2", "pid", 7],
    ["Parent process ID: 99", "parent", "pid", 99],
    [
      "2026-11-29 13:00:01,5 [INFO] [process1]: Writing 3",
      "process1",
      "write",
      3,
    ],
    ["Producer: Writing 1", "process1", "write", 1],
    ["INFO:process1:Writing 1,", "process1", "write", 1],
    ["INFO:process1: Writing  1", "process1", "write", 1],
    ["Writing 4", "process1", "write", 4],
    ["> consumer: read value 5 from slot 2\r", "process2", "read", 5],
    ["INFO:process2:Read: -1", "process2", "read", -1],
    ["Process-2 received 10", "process2", "read", 10],
    ["reader: no data yet, sleeping for 1 second", "process2", "wait"],
    ["P1: sleeping 5s", "process1", "pause"],
    ["INFO:process1:Nobody reads yet sleeping for 1 second", "process1"],
    ["INFO:process2:Finished process 2", "process2", "finish"],
    ["\x1b[1;31mINFO\x1b[0m:process2:Read: 6\x07", "process2", "read", 6],
    ["Traceback (most recent call last):"],
    ["Finished", undefined, undefined],
  ];

for (const [text, who, what, value] of SPELLINGS) {
  Deno.test(`readLine() finds process and event in ${JSON.stringify(text)}`, () => {
    const line = readLine(text);
    assertEquals([line.who, line.what, line.value], [who, what, value]);
  });
}

Deno.test("readLine() tells the sheet's own spelling from any other", async () => {
  const file = new URL("../../fixtures/lab-sheet.txt", import.meta.url);
  for (const line of (await Deno.readTextFile(file)).trimEnd().split("\n")) {
    assertEquals([readLine(line).exact, line], [true, line]);
    assertEquals(readLine(`${line},`).exact, false);
    assertEquals(readLine(line.toLowerCase()).exact, false);
  }
});

Deno.test("untorn() parts two lines, and no line from its prompt", () => {
  const [one, two] = ["INFO:process1:Writing 1", "INFO:process2:Read: 1"];
  assertEquals(untorn(one + two), [one, two]);
  assertEquals(untorn(`> 12:00 ${one}`), [`> 12:00 ${one}`]);
});

Deno.test("printable() leaves nothing that could move a cursor", () => {
  assertEquals(printable("\x1b]0;x\x07a\x1b[2Kb\x9b1mc\rd\u202ee"), "ab1mcde");
});
