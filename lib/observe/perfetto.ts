/**
 * Turns a recording into a trace that ui.perfetto.dev shows: a track for each
 * process with its waits, an arrow for each value, a curve for what lies in the
 * channel. The format is Chrome's "Trace Event Format", as JSON.
 *
 * @module
 */
import type { Entry, LogEntry, ProcessState } from "./recording.ts";

/** One event of the trace; `ts` and `dur` are in microseconds. */
export interface TraceEvent {
  /** M: a name, X: a bar, i: a moment, C: a figure, s and f: an arrow. */
  ph: "M" | "X" | "i" | "C" | "s" | "f";
  name: string;
  cat?: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  id?: string;
  /** An arrow ends at the bar that it points to. */
  bp?: "e";
  s?: "t";
  args?: Record<string, unknown>;
}

/** How long (us) the bar of a value is: an arrow needs bars at its ends. */
const VALUE_US = 1000;

/** The whole trace. @param entries In the order of time. */
export function perfettoTrace(
  entries: readonly Entry[],
): { displayTimeUnit: "ms"; traceEvents: TraceEvent[] } {
  const trace = new Trace(Date.parse(entries[0]?.time ?? "1970-01-01"));
  for (const entry of entries) trace.add(entry);
  return { displayTimeUnit: "ms", traceEvents: trace.finish() };
}

class Trace {
  readonly #start: number;
  readonly #events: TraceEvent[] = [];
  readonly #named = new Set<string>();
  readonly #states = new Map<number, { why: string; since: number }>();
  readonly #written = new Map<string, string[]>(); // arrows not yet ended
  readonly #loggers: string[] = [];
  #arrows = 0;
  #now = 0;

  constructor(start: number) {
    this.#start = start;
  }

  add(entry: Entry): void {
    this.#now = 1000 * (Date.parse(entry.time) - this.#start);
    switch (entry.event) {
      case "recording":
      case "process":
        return;
      case "seen":
        for (const process of entry.processes) this.#state(process);
        return this.#fill(entry.channels);
      case "end":
        this.#endState(entry.pid);
        return this.#moment(entry.pid, `ended: ${entry.how}`);
      case "signal":
        return this.#moment(entry.pid, entry.signal);
      default:
        return this.#log(entry);
    }
  }

  finish(): TraceEvent[] {
    for (const pid of [...this.#states.keys()]) this.#endState(pid);
    return this.#events;
  }

  /** A wait is a bar from the moment at which it was seen first. */
  #state({ pid, why }: ProcessState) {
    if (this.#states.get(pid)?.why === why) return;
    this.#endState(pid);
    this.#states.set(pid, { why, since: this.#now });
  }

  #endState(pid: number) {
    const state = this.#states.get(pid);
    if (!state) return;
    this.#states.delete(pid);
    const dur = this.#now - state.since;
    // On a track of its own: bars of one track may not overlap.
    this.#track(pid, 2, "seen from outside");
    const bar = { pid, tid: 2, ts: state.since, dur };
    this.#events.push({ ph: "X", name: state.why, cat: "state", ...bar });
  }

  #fill(channels: readonly { object: string; used?: number; unit?: string }[]) {
    for (const { object, used, unit } of channels) {
      if (used === undefined) continue;
      const args = { [unit ?? "used"]: used };
      const place = { pid: 0, tid: 0, ts: this.#now };
      this.#events.push({ ph: "C", name: object, ...place, args });
    }
  }

  #log({ pid, logger, message, event, value }: LogEntry) {
    const tid = this.#trackOf(logger);
    this.#track(pid, tid, logger);
    const place = { pid, tid, ts: this.#now };
    if (event !== "write" && event !== "read") {
      this.#events.push({ ph: "i", name: message, ...place, s: "t" });
      return;
    }
    const bar = { ...place, dur: VALUE_US };
    this.#events.push({ ph: "X", name: message, cat: "value", ...bar });
    this.#arrow(event, String(value), place);
  }

  #arrow(
    event: "write" | "read",
    value: string,
    place: { pid: number; tid: number; ts: number },
  ) {
    const waiting = this.#written.get(value) ?? [];
    if (event === "write") {
      const id = `${++this.#arrows}`;
      this.#written.set(value, [...waiting, id]);
      this.#events.push({ ph: "s", name: value, cat: "value", id, ...place });
      return;
    }
    const id = waiting.shift(); // none: nobody of this run has written it
    if (id === undefined) return;
    const end = { id, bp: "e" as const, ...place };
    this.#events.push({ ph: "f", name: value, cat: "value", ...end });
  }

  /** Workers share a Pid: each logger has a track of its own. */
  #trackOf(logger: string): number {
    if (!this.#loggers.includes(logger)) this.#loggers.push(logger);
    return 3 + this.#loggers.indexOf(logger);
  }

  #moment(pid: number, name: string) {
    this.#events.push({ ph: "i", name, pid, tid: 2, ts: this.#now, s: "t" });
  }

  /** Names a track at its first event. */
  #track(pid: number, tid: number, name: string) {
    const key = `${pid}/${tid}`;
    if (this.#named.has(key)) return;
    this.#named.add(key);
    const args = { name };
    const place = { pid, tid, ts: 0 };
    this.#events.push({ ph: "M", name: "thread_name", ...place, args });
  }
}
