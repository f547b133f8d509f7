// What the page knows and draws, without a browser.
import { assert, assertEquals } from "@std/assert";
import { DOMParser } from "linkedom";
import { standalone } from "../../lib/page/assets.ts";
import type { TestElement } from "./element.ts";
import type { Entry } from "../../lib/observe/recording.ts";

// Not by name: their types would bring a browser's, which differ from Deno's.
const load = (name: string) => import(name);
const { apply, emptyModel, modelAfter } = await load("page/model");

const START = Date.parse("2026-01-01T00:00:00.000Z");
const time = (ms: number) => new Date(START + ms).toISOString();
const log = (ms: number, pid: number, event: string, value?: string) => ({
  ...{ time: time(ms), level: "INFO", logger: `process${pid}`, pid, event },
  ...{ message: `${event} ${value ?? ""}`, ...(value && { value }) },
});
const process = (pid: number, part: string) => ({
  ...{ time: time(0), event: "process", pid, logger: `process${pid}`, part },
  command: `${part} --via=fifo`,
});
const seen = (
  ms: number,
  why: string,
  channel: Record<string, unknown> = {},
) => ({
  ...{ time: time(ms), event: "seen" },
  processes: [{ pid: 1, state: "S", wchan: "", cpuMs: 5, busy: 0.1, why }],
  channels: [{
    ...{ kind: "FIFO", object: "/somewhere/run/lab.fifo", unit: "bytes" },
    ...{ used: 65_536, capacity: 65_536, by: "FIONREAD, ioctl(2)" },
    ends: [{ pid: 1, fd: 25, access: "write" }],
    ...channel,
  }],
});

const ENTRIES = [
  { time: time(0), event: "recording", version: 1, title: "lab --via=fifo" },
  process(1, "producer"),
  process(2, "consumer"),
  log(5, 1, "write", "7"),
  log(6, 1, "write", "8"),
  seen(10, "asleep in poll(2): the pipe is full"),
  log(20, 2, "read", "7"),
  log(25, 2, "retry"),
  seen(30, "stopped: SIGCONT continues it"),
  { time: time(40), event: "signal", pid: 1, signal: "SIGKILL" },
  { time: time(41), event: "end", pid: 1, how: "SIGKILL" },
];

Deno.test("a model follows from entries, and back means from the beginning", () => {
  const model = modelAfter(ENTRIES, ENTRIES.length);
  assertEquals([model.title, model.written, model.read, model.retries], [
    "lab --via=fifo",
    2,
    1,
    1,
  ]);
  assertEquals(model.transit.map(({ value }: { value: string }) => value), [
    "8",
  ]);
  assertEquals(model.arrows, [
    { from: "1", since: START + 5, to: "2", time: START + 20, value: "7" },
  ]);
  const [producer] = model.processes;
  assertEquals(producer.bars, [
    {
      from: START + 10,
      to: START + 30,
      kind: "asleep",
      why: "asleep in poll(2): the pipe is full",
    },
    {
      from: START + 30,
      to: START + 41,
      kind: "asleep",
      why: "stopped: SIGCONT continues it",
    },
  ]);
  assertEquals(producer.how, "SIGKILL");
  const before = modelAfter(ENTRIES, 5);
  assertEquals([before.written, before.read, before.processes[0].how], [
    2,
    0,
    undefined,
  ]);
  const [{ ends, used }] = model.channels;
  assertEquals([ends, used], [[], 65_536], "the last picture stays");
  apply(model, ENTRIES[0]); // a new run forgets the last one
  assertEquals([model.written, model.processes.length], [0, 0]);
});

Deno.test("a read that is told before its write has made its way, too", () => {
  const model = emptyModel();
  apply(model, log(7, 2, "read", "1"));
  apply(model, log(5, 1, "write", "1"));
  assertEquals([model.written, model.read, model.transit.length], [1, 1, 0]);
  assertEquals(model.arrows, [
    { from: "1", since: START + 5, to: "2", time: START + 7, value: "1" },
  ]);
  assertEquals(model.moves.map(({ kind }: { kind: string }) => kind), [
    "in",
    "out",
  ]);
});

Deno.test("what an ended consumer had taken is lost, and not on the way", () => {
  const parts = [process(1, "producer"), process(2, "consumer")];
  const head = [...parts, seen(1, "running", { used: 10 })];
  const writes = ["1", "2", "3", "4", "5"].map((value) =>
    log(value === "1" ? 2 : 3, 1, "write", value)
  );
  const reads = [
    log(6, 2, "read", "1"),
    process(3, "consumer"),
    // As long as both consumers live, the other one may have taken 2 and 3.
    log(7, 3, "read", "4"),
    { time: time(8), event: "end", pid: 2, how: "SIGKILL" },
    log(9, 3, "read", "5"),
  ];
  const after = (entries: unknown[]) => {
    const { transit, lost } = modelAfter(entries, entries.length);
    return [transit.map(({ value }: { value: string }) => value).join(), lost];
  };
  assertEquals(after([...head, ...writes, ...reads.slice(0, 3)]), ["2,3,5", 0]);
  assertEquals(after([...head, ...writes, ...reads]), ["", 2]);
  // The pipe is empty, and nobody is there who could have taken 4 and 5.
  const [, , , end] = reads;
  const empty = seen(9, "asleep", { used: 0 });
  const taken = [...writes, reads[0], end];
  assertEquals(after([...head, ...taken, empty]), ["", 4]);
  const full = seen(9, "asleep", { used: 8 });
  assertEquals(after([...head, ...taken, full]), ["2,3,4,5", 0]);
  assertEquals(after([...head, ...taken, log(9, 1, "retry"), empty]), ["5", 3]);
  // What has a lower priority comes later.
  const low = log(2, 1, "write", "0");
  const urgent = writes.map((entry) => ({ ...entry, priority: 9 }));
  assertEquals(after([...head, low, ...urgent, ...reads]), ["0", 2]);
});

Deno.test("a process that just ends leaves the kernel's last word", () => {
  const { used: _, ...unknown } = seen(2, "ends").channels[0];
  const entries = [
    { time: time(0), event: "recording", version: 1, title: "lab --via=fifo" },
    seen(1, "running", { used: 3 }),
    { ...seen(2, "ends"), channels: [unknown] },
  ];
  assertEquals(modelAfter(entries, 3).channels[0].used, 3);
});

Deno.test("two workers of one process have a log and a lane each", () => {
  const model = emptyModel();
  apply(model, { ...process(9, "workers"), logger: "parent" });
  apply(model, { ...log(1, 9, "write", "1"), logger: "process1" });
  apply(model, { ...log(2, 9, "read", "1"), logger: "process2" });
  assertEquals(
    model.processes.map((
      { id, part }: { id: string; part: string },
    ) => [id, part]),
    [["9", "workers"], ["9/process1", "worker 1"], ["9/process2", "worker 2"]],
  );
  assertEquals(model.arrows[0].to, "9/process2");
});

/** Draws into a document that is no browser's. */
async function drawn(entries: unknown[]): Promise<TestElement> {
  const document = new DOMParser()
    .parseFromString("<html><body><main></main></body></html>", "text/html");
  Object.assign(globalThis, { document });
  const { h, render } = await load("preact");
  const { Picture } = await load("page/draw");
  const main = document.querySelector("main") as unknown as TestElement;
  const model = modelAfter(entries, entries.length);
  const ui = { calls: false, windowMs: Infinity };
  render(h(Picture, { model, ui, actions: { goTo() {} } }), main);
  return main;
}

Deno.test("a pipe is drawn as bytes, with who has which end", async () => {
  const main = await drawn(ENTRIES.slice(0, -1)); // without its end
  const text = main.textContent?.replace(/\s+/g, " ") ?? "";
  for (
    const words of [
      "run/lab.fifo",
      "65,536 of 65,536 bytes: FULL",
      "says the kernel: FIONREAD",
      "process1 writes: descriptor 25",
      "stopped: SIGCONT continues it",
      "— SIGKILL —",
    ]
  ) assert(text.includes(words), `${words} is not in ${text}`);
  assert(!text.includes("/somewhere"), text);
  assertEquals(main.querySelectorAll(".value").length, 1);
  assertEquals(main.querySelectorAll(".arrow").length, 1);
  assertEquals(main.querySelectorAll("rect.bar").length, 2);
});

Deno.test("a queue, a ring, a socket and the race are drawn as what they are", async () => {
  const channel = async (change: Record<string, unknown>) => {
    const entries = [...ENTRIES.slice(0, 5), seen(10, "running", change)];
    return await drawn(entries);
  };
  const queue = await channel({
    ...{ kind: "message queue", unit: "messages", used: 2, capacity: 10 },
  });
  assertEquals(queue.querySelectorAll(".boxes li").length, 10);
  assertEquals(queue.querySelectorAll(".boxes li.full").length, 2);
  const ring = await channel({
    ...{ kind: "shared memory", unit: "slots", used: 2, capacity: 4 },
    ...{ head: 3, tail: 1 },
  });
  assertEquals(
    Array.from(
      ring.querySelectorAll(".slots li"),
      ({ textContent }) => textContent,
    ),
    ["8", "-1", "-1", "7"],
  );
  assertEquals(
    (await channel({ kind: "socket" })).querySelectorAll(".wire").length,
    1,
  );
  const sockets = await drawn([...ENTRIES.slice(0, 5), {
    ...seen(10, "running"),
    channels: [1, 2].map((pid) => ({
      ...{ kind: "socket", object: "/run/lab.sock", unit: "bytes", used: 0 },
      ends: [{ pid, fd: 25, access: "both" }],
    })),
  }]);
  const wires = Array.from(
    sockets.querySelectorAll(".object .wire"),
    (wire) => wire.querySelectorAll(".value").length,
  );
  assertEquals(wires, [2, 0], "each connection has its own values");
  assertEquals(sockets.querySelectorAll(".object").length, 1);
  const race = await drawn([{
    ...{ time: time(0), event: "race", lock: "none", value: 60, done: 100 },
    ...{ lost: 40, expected: 200 },
  }]);
  assert(
    race.textContent?.includes("40 updates lost (40.0 %)"),
    race.innerHTML,
  );
});

Deno.test("a queue is drawn by priority, without the value that waits", async () => {
  const write = (ms: number, value: string, priority: number) => ({
    ...log(ms, 1, "write", value),
    priority,
  });
  const main = await drawn([
    ...ENTRIES.slice(0, 3),
    ...[write(5, "a", 0), write(6, "b", 9), write(7, "c", 9)],
    ...[write(8, "d", 9), log(9, 1, "full")],
    seen(10, "running", {
      ...{ kind: "message queue", unit: "messages", used: 3, capacity: 3 },
    }),
  ]);
  const boxes = Array.from(
    main.querySelectorAll(".boxes li"),
    ({ textContent }) => textContent,
  );
  assertEquals(boxes, ["b p9", "c p9", "a"]);
  assert(main.textContent?.includes("1 of them waits to get in"));
});

Deno.test("the page says how many lines and looks are left out", async () => {
  const [head, ...rest] = ENTRIES;
  const main = await drawn([{ ...head, leftOut: 31_000 }, ...rest]);
  assert(main.textContent?.includes("The oldest 31,000 lines and looks"));
  assert(!(await drawn(ENTRIES)).textContent?.includes("left out"));
});

Deno.test("text of a process is never taken for HTML", async () => {
  const bad = '<img src=x onerror="alert(1)"></script>';
  const main = await drawn([...ENTRIES, log(50, 2, "write", bad)]);
  assertEquals(main.querySelectorAll("img").length, 0);
  assert(main.textContent?.includes(bad));
  const page = standalone([log(50, 2, "write", bad)] as Entry[]);
  assert(!page.includes("<img"), "in a standalone file neither");
});
