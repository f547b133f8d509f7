// What the server and the page keep of a long run.
import { assert, assertEquals } from "@std/assert";
import { makeRunFolder } from "../../lib/mechanism/run_folder.ts";
import type { Entry } from "../../lib/observe/recording.ts";
import { Events, MOST_PLAYED } from "../../lib/page/events.ts";
import { PageServer } from "../../lib/page/server.ts";
import { Running, taskArguments } from "../scripts.ts";

const time = (ms: number) => new Date(1e12 + ms).toISOString();
const started = (ms: number, pid: number): Entry => ({
  ...{ time: time(ms), event: "process", pid, logger: "", part: "program" },
  command: `program ${pid}`,
});
const ended = (ms: number, pid: number): Entry => ({
  ...{ time: time(ms), event: "end", pid, how: "exit code 0" },
});
const line = (ms: number): Entry => ({
  ...{ time: time(ms), level: "TEXT", logger: "", pid: 1 },
  ...{ message: `line ${ms}`, event: "text" },
});
const head: Entry = {
  ...{ time: time(0), event: "recording", version: 1, title: "long" },
};

Deno.test("Events: the oldest lines go, what names processes stays, the head says so", () => {
  const events = new Events();
  events.restart("long");
  const lasting: Entry[] = [
    started(1, 1),
    { time: time(2), event: "seen", processes: [], channels: [] },
    { time: time(3), event: "signal", pid: 1, signal: "SIGCONT" },
  ];
  for (const entry of lasting) events.add(entry);
  for (let i = 0; i < 50_000; i++) events.add(line(i));
  events.add(ended(50_000, 1));
  const [first, ...rest] = events.entries;
  assert(rest.length <= 21_000, `${rest.length}`);
  assertEquals(rest.slice(0, 3), lasting);
  assertEquals(rest.at(-1), ended(50_000, 1));
  const lines = rest.slice(3, -1);
  assertEquals(lines.at(-1), line(49_999));
  const leftOut = 50_000 - lines.length;
  assertEquals(lines[0], line(leftOut), "no line between two others is gone");
  assertEquals(first.event === "recording" && first.leftOut, leftOut);
});

Deno.test("Events: of processes without end, the oldest that have ended go", () => {
  const events = new Events();
  events.restart("long");
  events.add(started(1, 1));
  for (let pid = 2; pid < 20_000; pid++) {
    events.add(started(pid, pid));
    events.add(ended(pid, pid));
  }
  assert(events.entries.length <= 21_000, `${events.entries.length}`);
  assertEquals(events.entries[1], started(1, 1), "it still runs");
});

Deno.test("Events: a flood is told in bounded parts, before any timer runs", async () => {
  const events = new Events();
  events.restart("long");
  const reader = events.open()?.getReader();
  for (let i = 0; i < 12_000; i++) events.add(line(i));
  const counts = [];
  for (let i = 0; i < 4; i++) {
    const text = new TextDecoder().decode((await reader?.read())?.value);
    const [, json = "[]"] = /^data: (.*)/.exec(text) ?? [];
    counts.push(JSON.parse(json).length);
  }
  events.close();
  assertEquals(counts, [0, 1, 5000, 5000]);
});

Deno.test("a recording is played whole, up to 200,000 entries", async () => {
  const lines = Array.from({ length: MOST_PLAYED - 1 }, (_, i) => line(i));
  await using server = new PageServer([], [head, ...lines]);
  assertEquals(server.events.entries.length, MOST_PLAYED);
  assertEquals(server.events.entries[0], head);
});

Deno.test("page says at its start what is left out of a recording", async () => {
  makeRunFolder();
  const file = Deno.makeTempFileSync({ dir: "run", suffix: ".jsonl" });
  try {
    Deno.writeTextFileSync(file, JSON.stringify({ ...head, leftOut: 1234 }));
    await using page = new Running("sh", [
      ...["-c", 'exec "$@" >&2', "sh", Deno.execPath()],
      ...taskArguments("page"),
      ...["--port=0", file],
    ]);
    await page.saw("The oldest 1234 lines and looks are left out");
  } finally {
    Deno.removeSync(file);
  }
});
