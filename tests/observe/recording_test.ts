// Recordings: what lab --record writes, its schema, and the trace for Perfetto.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import { LabError } from "../../lib/error.ts";
import { perfettoTrace } from "../../lib/observe/perfetto.ts";
import {
  type Entry,
  readRecording,
  Recording,
  type SeenEntry,
} from "../../lib/observe/recording.ts";
import { whyWaiting } from "../../lib/observe/why.ts";
import { freshName, leftovers, shell, start } from "../scripts.ts";

const WITHIN_MS = 60_000;

/** The fields of each entry, as docs/page.md lists them. */
const FIELDS: Record<string, string[]> = {
  recording: ["time", "event", "version", "title"],
  process: ["time", "event", "pid", "logger", "part", "command"],
  end: ["time", "event", "pid", "how"],
  signal: ["time", "event", "pid", "signal"],
  seen: ["time", "event", "processes", "channels"],
};
const LOG_FIELDS = ["time", "level", "logger", "pid", "message"];

/** Runs a lab that records itself, and returns its files. */
async function recorded(via: string, flags: string[] = []) {
  const name = freshName();
  const [record, perfetto] = [`run/${name}.jsonl`, `run/${name}.json`];
  try {
    await using lab = start("lab", [
      ...[`--via=${via}`, `--name=${name}`, "--pause=2s", "--retry=50ms"],
      ...[`--record=${record}`, `--perfetto=${perfetto}`, ...flags],
    ]);
    const timer = setTimeout(() => lab.kill("SIGKILL"), WITHIN_MS);
    const { code, log } = await lab.ended();
    clearTimeout(timer);
    assertEquals(code, 0, log);
    return {
      lines: lab.lines,
      entries: readRecording(Deno.readTextFileSync(record)),
      text: Deno.readTextFileSync(record),
      trace: JSON.parse(Deno.readTextFileSync(perfetto)),
    };
  } finally {
    for (const path of [record, perfetto]) Deno.removeSync(path);
    assertEquals(leftovers(name), []);
  }
}

const isSeen = (entry: Entry): entry is SeenEntry => entry.event === "seen";

for (const via of ["fifo", "pipe", "queue", "shm", "socket", "workers"]) {
  Deno.test(`lab --record, ${via}: the log as it was shown, and what was seen`, async () => {
    const { lines, entries, text, trace } = await recorded(via);
    const times = text.trimEnd().split("\n")
      .map((line): string => JSON.parse(line).time);
    assertEquals(times, times.toSorted(), "in the order of time");
    for (const entry of entries) {
      const fields = FIELDS[entry.event ?? ""] ?? LOG_FIELDS;
      for (const field of fields) assert(field in entry, JSON.stringify(entry));
    }
    const log = entries.flatMap((entry) =>
      "message" in entry
        ? `${entry.level}:${entry.logger}:${entry.message}`
        : []
    );
    assertEquals(log.toSorted(), lines.toSorted());
    const seen = entries.filter(isSeen);
    if (via === "workers") assertEquals(seen, []);
    else {
      const both = seen.filter(({ channels }) => {
        const [ends = []] = channels.map(({ ends }) => ends);
        return new Set(ends.map(({ pid }) => pid)).size === 2;
      });
      assert(both.length > 0, "both processes are seen at one object");
      const [{ unit, used, by }] = both[0].channels;
      assert(
        unit !== undefined && used !== undefined && by,
        JSON.stringify(both),
      );
      const ended = entries.filter(({ event }) => event === "end");
      assertEquals(ended.map((entry) => "how" in entry && entry.how), [
        "exit code 0",
        "exit code 0",
      ]);
    }
    const arrows = (ph: string) =>
      trace.traceEvents.filter((event: { ph: string }) => event.ph === ph);
    assertEquals([arrows("s").length, arrows("f").length], [10, 10]);
    const tracks = arrows("M").map(({ args }: { args: { name: string } }) =>
      args.name
    );
    for (const name of ["process1", "process2"]) assert(tracks.includes(name));
  });
}

Deno.test("lab --record keeps --log=json, --calls; a file must lie in run/", async () => {
  const { lines, entries } = await recorded("queue", ["--log=json", "--calls"]);
  assert(lines.every((line) => JSON.parse(line).message !== undefined));
  const calls = entries.filter(({ event }) => event === "call");
  assert(calls.length > 20, "calls are recorded");
  await using lab = start("lab", [
    `--name=${freshName()}`,
    "--record=/x.jsonl",
  ]);
  const { code, log } = await lab.ended();
  assertEquals(code, 1);
  assertEquals(
    log,
    "ERROR:parent:Cannot write /x.jsonl: choose a file in run/",
  );
});

Deno.test("a recording that cannot be written is an error at its end, and ends no run", async () => {
  const path = `run/${freshName()}.jsonl`;
  await using made = shell(`mkdir -p -m 700 run; mkfifo ${path}`);
  await made.ended();
  await using reader = shell(`: < ${path}`);
  const recording = Recording.open(path, "lab"); // when the reader is there
  await reader.ended();
  await Deno.remove(path);
  const time = new Date(0).toISOString(); // old enough to be written
  recording.add({ time, event: "end", pid: 1, how: "exit code 0" });
  await delay(1000); // it writes every half second, and must throw nothing
  const error = assertThrows(() => recording[Symbol.dispose](), LabError);
  assertEquals(error.message, `Cannot write to ${path}: Broken pipe`);
});

Deno.test("readRecording() says which line is none", () => {
  const head = '{"time":"2026-01-01T00:00:00.000Z","event":"recording"}';
  const wrong: [text: string, says: string][] = [
    ["", "a recording begins with"],
    ['{"time":"2026-01-01T00:00:00.000Z"}', "a recording begins with"],
    [`${head}\nnonsense`, "Cannot play line 2: it must be a JSON object"],
    [`${head}\n{"time":"never"}`, "Cannot play line 2"],
  ];
  for (const [text, says] of wrong) {
    assertThrows(() => readRecording(text), LabError, says);
  }
});

Deno.test("perfettoTrace(): waits are bars, values are arrows from write to read", () => {
  const time = (ms: number) => new Date(ms).toISOString();
  const log = (
    ms: number,
    pid: number,
    logger: string,
    event: "write" | "read",
  ) => ({
    ...{ time: time(ms), level: "INFO", logger, pid, event },
    message: `${event} 7`,
    value: "7",
  });
  const seen = (ms: number, why: string): Entry => ({
    ...{ time: time(ms), event: "seen", channels: [] },
    processes: [{ pid: 1, state: "S", wchan: "", cpuMs: 0, busy: 0, why }],
  });
  const { traceEvents } = perfettoTrace([
    seen(0, "asleep"),
    log(5, 1, "process1", "write"),
    log(9, 2, "process2", "read"),
    seen(20, "running"),
    { time: time(30), event: "end", pid: 1, how: "exit code 0" },
  ]);
  const bars = traceEvents.filter(({ cat }) => cat === "state");
  assertEquals(bars.map(({ name, ts, dur }) => [name, ts, dur]), [
    ["asleep", 0, 20_000],
    ["running", 20_000, 10_000],
  ]);
  const arrows = traceEvents.filter(({ ph }) => ph === "s" || ph === "f");
  assertEquals(arrows.map(({ ph, pid, ts, id }) => [ph, pid, ts, id]), [
    ["s", 1, 5000, "1"],
    ["f", 2, 9000, "1"],
  ]);
});

Deno.test("whyWaiting() says what a process does", () => {
  const why = (state: string, wchan: string, used?: number, busy = 0) =>
    whyWaiting(
      { pid: 5, state, threads: [{ tid: 5, state, wchan, cpuMs: 0 }] },
      {
        ...{ kind: "message queue", object: "/q", unit: "messages", used },
        capacity: 10,
        ends: [{ pid: 5, access: "both" }],
      },
      busy,
    );
  assertEquals(
    why("S", "poll_schedule_timeout.constprop.0", 0),
    "asleep in poll(2): the queue is empty",
  );
  assertEquals(
    why("S", "poll_schedule_timeout", 10),
    "asleep in poll(2): the queue is full",
  );
  assertEquals(
    why("S", "wait_for_partner"),
    "in open(2): waits for the other end",
  );
  assertEquals(why("S", "futex_do_wait", 3), "asleep in futex(2)");
  assertEquals(why("R", "", 0, 1), "running: it spins");
  assertEquals(why("T", "do_signal_stop"), "stopped: SIGCONT continues it");
});
