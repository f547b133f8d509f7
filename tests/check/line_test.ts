// A line of anybody's log: who says it, and what.
import { assertEquals } from "@std/assert";
import { pidOf } from "../../lib/check/evidence.ts";
import {
  printable,
  readLine,
  untorn,
  withPidLines,
} from "../../lib/check/line.ts";

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
    ["[PID 4242] Producer: Writing 1", "process1", "write", 1],
    ["process1 (pid 4242): Writing 1", "process1", "write", 1],
    ["[PID 4242] Producer: going to sleep for 5 s", "process1", "pause"],
    ["PID=7 - process 2 - Finished", "process2", "finish"],
    ["[PID 4242] Producer: started", "process1", "pid", 4242],
    ["Producer (PID 42) will write 10 values", "process1", "pid", 42],
    ["process1: Writing to shared memory: 1", "process1", "write", 1],
    ["process2: Read from shared memory: 1", "process2", "read", 1],
    ["process2: Got from the shared memory value -1", "process2", "read", -1],
    ["process1: Wrote to slot 0: 1", "process1", "write", 1],
    ["process1: Sent to process 2: 5", "process1", "write", 5],
    ["process2: Read 3 of 10 values", "process2", "read", 3],
    ["process1: Finished writing 10 values", "process1", "finish"],
    ["process2: Done, total values read: 10", "process2", "finish"],
    ["process1: Finished writing, total: 10", "process1", "finish"],
    ["process1: Finished writing in 5.03 seconds", "process1", "finish"],
    ["process1: Finished writing all, exit code: 0", "process1", "finish"],
    ["process1: Finished writing 3", "process1", "write", 3],
    ["process2: Done reading all the values, sum = 55", "process2", "finish"],
    ["process2: opened the FIFO for reading, file descriptor: 3", "process2"],
    ["process1: Writing to shared memory, key: 1234", "process1"],
    ["process1: Writing to the segment with id = 32768", "process1"],
    ["process2: Got a connection from: 127.0.0.1", "process2"],
    ["[main] INFO Producer - Writing 1", "process1", "write", 1],
    ["[main] INFO - Pid: 7", "parent", "pid", 7],
    ["[main] Got exit code of process 1: 0", "parent", "finish"],
    ["process1: Parent process Pid: 10, Pid: 20", "process1", "pid", 20],
    ["BlockingIOError: Resource temporarily unavailable"],
    ["INFO:process1:Parent Pid:10", "process1"],
    ["process1: parent's pid 10, pid 20", "process1", "pid", 20],
    ["Parent PID: 10", "parent", "pid", 10],
    ["consumer: Data unavailable, sleeping 1 s", "process2", "wait"],
    ["consumer: No new data, sleeping 1 s", "process2", "wait"],
    ["process1: Produced item1", "process1", "write", 1],
    ["INFO:parent:Got exit code of process 1: 0", "parent", "finish"],
    ["process1: Writing the values 1 to 10", "process1"],
    ["consumer: reading from the FIFO /tmp/fifo1", "process2"],
    ["Traceback (most recent call last):"],
    ["Finished", undefined, undefined],
  ];

for (const [text, who, what, value] of SPELLINGS) {
  Deno.test(`readLine() finds process and event in ${JSON.stringify(text)}`, () => {
    const line = readLine(text);
    assertEquals([line.who, line.what, line.value], [who, what, value]);
  });
}

Deno.test("pidOf() takes a Pid's own line, or else the Pid that each line has", () => {
  const evidence = (...lines: string[]) => ({
    lines: lines.map((line) => readLine(line)),
    oddities: [],
  });
  const each = evidence("[PID 7] Producer: Writing 1");
  assertEquals(pidOf(each, "process1"), 7);
  const own = evidence("P1: sleep till Pid 8 reads", "P1: Pid 9", "P2: Pid 8");
  assertEquals([pidOf(own, "process1"), pidOf(own, "process2")], [9, 8]);
});

Deno.test("withPidLines() reads a Pid's line as such, unless each line has a Pid", () => {
  const said = (...lines: string[]) =>
    withPidLines(lines.map((line) => readLine(line)))
      .map(({ what, value }) => [what, value]);
  for (
    const line of [
      "P1: Pid 42, sleeps 5 s after value 6",
      "P1: Pid 42, writing to /tmp/fifo: 1",
      "Producer started (PID 42), sleeps after 6",
    ]
  ) {
    assertEquals(said(line, "P1: Writing 1", "P2: Read 1"), [
      ["pid", 42],
      ["write", 1],
      ["read", 1],
    ]);
  }
  assertEquals(
    said("[PID 42] P1: started", "[PID 42] P1: started to sleep for 5 s"),
    [["pid", 42], ["pause", undefined]],
  );
});

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
