/**
 * What the page knows: it follows from the entries of a recording, one by one.
 * The live page and the player use the same.
 */

import { arrive, hold, leave, loseAll } from "page/transit";

/** How many lines of each process are kept, and bars and marks drawn. */
const MOST_LINES = 400;
const MOST_MARKS = 400;

/** Nothing has happened yet. */
export function emptyModel() {
  return {
    title: "",
    /** How many of the oldest lines and looks are missing. */
    leftOut: 0,
    /** Times are in ms since 1970. */
    start: 0,
    now: 0,
    entries: 0,
    processes: [],
    channels: [],
    /** Values that were written and not yet read, as the log says. */
    transit: [],
    /** From a write to a read. */
    arrows: [],
    /** Values that were read, while the log of their write is on its way. */
    early: [],
    /** The last steps of values, to be seen moving: into the object, out of it. */
    moves: [],
    moved: 0,
    written: 0,
    read: 0,
    /** Values that went with a consumer that has ended. */
    lost: 0,
    retries: 0,
    notes: [],
    race: undefined,
  };
}

/** Takes one entry. */
export function apply(model, entry) {
  const time = Date.parse(entry.time);
  if (model.start === 0) model.start = time;
  model.now = Math.max(model.now, time);
  model.entries++;
  const take = TAKERS[entry.event];
  if (take) take(model, entry, time);
  else if (entry.message !== undefined) takeLine(model, entry, time);
  return model;
}

/** The state after the first `count` entries. */
export function modelAfter(entries, count) {
  const model = emptyModel();
  for (let i = 0; i < count; i++) apply(model, entries[i]);
  return model;
}

const TAKERS = {
  recording(model, { title, leftOut = 0 }, time) {
    const start = { title, leftOut, start: time, now: time };
    Object.assign(model, emptyModel(), start);
    model.entries = 1;
  },
  process(model, { pid, logger, part, command }) {
    const process = processOf(model, pid, logger);
    Object.assign(process, { part, command });
  },
  end(model, { pid, how }, time) {
    const process = processOf(model, pid);
    process.how = how;
    process.why = `ended: ${how}`;
    process.state = "X";
    closeBar(process, time);
    // What it had open, the kernel has closed. The last picture stays.
    model.channels = model.channels.map((channel) => ({
      ...channel,
      ends: channel.ends.filter((end) => end.pid !== pid),
    }));
    addMark(process, { time, kind: "end", text: how });
  },
  signal(model, entry, time) {
    const { pid, signal } = entry;
    const process = processOf(model, pid);
    addMark(process, { time, kind: "signal", text: signal });
    const text = `— ${signal} —`;
    addLine(model, process, { time, text, event: "signal", entry });
  },
  seen(model, { processes, channels }, time) {
    model.channels = channels.length > 0
      ? channels.map((channel) => lastKnown(channel, model.channels))
      : model.channels.map((channel) => ({ ...channel, ends: [] }));
    const [only, ...more] = model.channels;
    if (only?.used === 0 && more.length === 0) loseAll(model);
    for (const seen of processes) {
      const process = processOf(model, seen.pid);
      if (process.how !== undefined) continue;
      if (process.why !== seen.why) {
        closeBar(process, time);
        process.bars.push({ from: time, kind: kindOf(seen), why: seen.why });
        if (process.bars.length > MOST_MARKS) process.bars.shift();
      }
      Object.assign(process, seen);
    }
  },
  race(model, { lock, value, done, lost, expected }) {
    model.race = { lock, value, done, lost, expected };
  },
};

/** Of a process that just ends, the kernel tells no more: its last word stays. */
function lastKnown(channel, before) {
  if (channel.used !== undefined) return channel;
  const same = before.filter(({ kind, object }) =>
    kind === channel.kind && object === channel.object
  );
  return same.length === 1 ? { ...same[0], ...channel } : channel;
}

/** How a bar is drawn: each kind has a pattern of its own, without colour. */
function kindOf({ state, why }) {
  if (state === "T" || state === "t") return "stopped";
  if (why.startsWith("running")) return "running";
  return /^in /.test(why) ? "blocked" : "asleep";
}

function closeBar(process, time) {
  const bar = process.bars.at(-1);
  if (bar && bar.to === undefined) bar.to = time;
}

function processOf(model, pid, logger = "", id = `${pid}`) {
  let process = model.processes.find((each) => each.id === id);
  if (!process) {
    process = {
      ...{ id, pid, logger, part: "program", command: "", state: "", why: "" },
      ...{ busy: 0, cpuMs: 0, lines: [], bars: [], marks: [] },
      ...{ written: 0, read: 0, retries: 0 },
    };
    model.processes.push(process);
  }
  if (logger !== "") process.logger = logger;
  return process;
}

function addMark(process, mark) {
  process.marks.push(mark);
  if (process.marks.length > MOST_MARKS) process.marks.shift();
}

function addLine(model, process, line) {
  process.lines.push({ ...line, index: model.entries });
  if (process.lines.length > MOST_LINES) process.lines.shift();
}

function takeLine(model, entry, time) {
  const { pid, logger, level, message, event, value } = entry;
  const ours = model.processes.some((process) => process.pid === pid);
  if (!ours && (logger === "remove" || logger === "parent")) {
    model.notes.push(`${logger}: ${message}`);
    if (message.startsWith("Removed")) {
      Object.assign(model, { channels: [], transit: [] });
    }
    return;
  }
  const process = writerOf(model, pid, logger, ours);
  const text = level === "TEXT" ? message : `${level}:${logger}:${message}`;
  addLine(model, process, { time, text, event, level, entry });
  if (event === "call") {
    addMark(process, { time, kind: "call", text: message });
  } else if (event === "write") {
    model.written++;
    process.written++;
    hold(model, process.id, false);
    addMark(process, { time, kind: "write", text: value });
    const { priority = 0 } = entry;
    const key = model.written;
    leave(model, { value, id: process.id, time, key, priority });
  } else if (event === "read") {
    model.read++;
    process.read++;
    addMark(process, { time, kind: "read", text: value });
    arrive(model, value, process.id, time);
  } else if (event === "retry" || event === "full") {
    hold(model, process.id, true);
    model.retries++;
    process.retries++;
    addMark(process, { time, kind: event, text: message });
  }
}

/** Whose line it is: workers share a Pid, so each has a log by its name. */
function writerOf(model, pid, logger, ours) {
  const parent = processOf(model, pid, ours ? "" : logger);
  if (parent.logger === "") parent.logger = logger; // of a watched program
  if (parent.part !== "workers" || !/^process\d/.test(logger)) return parent;
  const worker = processOf(model, pid, logger, `${pid}/${logger}`);
  worker.part = logger === "process2" ? "worker 2" : "worker 1";
  worker.why = "a thread of the parent: its log tells of it";
  return worker;
}

/** Where a process stands: who writes left, who reads right, others between. */
export function sideOf({ part, logger, written, read }) {
  if (["producer", "worker 1"].includes(part)) return "left";
  if (["consumer", "worker 2"].includes(part)) return "right";
  if (part === "writer") return /1$/.test(logger) ? "left" : "right";
  if (part === "workers") return "middle";
  if (read > written) return "right";
  if (written > 0) return "left";
  return { process1: "left", process2: "right" }[logger] ?? "middle";
}

/** `0.25 s`: times are shown since the start. */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
