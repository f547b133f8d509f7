/**
 * The rules about what the two processes say, and in which order.
 *
 * @module
 */
import { type Evidence, type Expectation, linesOf, pidOf } from "./evidence.ts";
import type { Line, What } from "./line.ts";
import { type Finding, valuesTo, words } from "./rule.ts";

/** All lines came within so long (ms): then their order says nothing. */
const AT_ONCE_MS = 100;

const is = (what: What) => (line: Line) => line.what === what;

/** Process 1 writes 1 to `count`, pauses after the 6th, finishes. */
export function writes(evidence: Evidence, expectation: Expectation): Finding {
  const { count, pauseAfter } = expectation;
  const lines = linesOf(evidence, "process1");
  const written = lines.filter(is("write"));
  const values = written.map(({ value }) => value);
  const wanted = valuesTo(count);
  const wrong = firstDifference(wanted, values);
  if (wrong >= 0) {
    return {
      ok: false,
      got: `it wrote ${words(values)}`,
      expected: words(wanted),
      line: evidence.lines.indexOf(written[wrong] ?? lines.at(-1)),
      hint: values.length < count
        ? "process 1 does not write every value"
        : "process 1 writes in another order, or a value twice",
    };
  }
  const at = (line: Line | undefined) => line ? lines.indexOf(line) : -1;
  const pause = at(lines.find(is("pause")));
  if (
    pause < at(written[pauseAfter - 1]) ||
    pause > at(written[pauseAfter] ?? lines.at(-1))
  ) {
    return {
      ok: false,
      got: pause < 0 ? "it says no pause" : "it pauses at another place",
      expected: `a line that it sleeps, after value ${pauseAfter}`,
      line: evidence.lines.indexOf(lines[pause] ?? written[pauseAfter - 1]),
      hint: `sleep after value ${pauseAfter}, and say so before`,
    };
  }
  return finishes(evidence, "process1", written) ??
    { ok: true, got: `it wrote 1 to ${count} and paused after ${pauseAfter}` };
}

/** Process 2 reads each value once, in order, and finishes. */
export function reads(evidence: Evidence, { count }: Expectation): Finding {
  const lines = linesOf(evidence, "process2");
  const read = lines.filter(is("read"));
  const values = read.map(({ value }) => value);
  const wanted = valuesTo(count);
  const wrong = firstDifference(wanted, values);
  if (wrong < 0) {
    return finishes(evidence, "process2", read) ??
      { ok: true, got: `it read 1 to ${count}` };
  }
  return {
    ok: false,
    got: `it read ${words(values)}`,
    expected: words(wanted),
    line: evidence.lines.indexOf(read[wrong] ?? lines.at(-1)),
    hint: mistakeIn(values, count),
  };
}

/** What is wrong with the values that were read. */
function mistakeIn(values: (number | undefined)[], count: number): string {
  if (values.length === 0) return "process 2 reads nothing";
  if (values.includes(-1) || values.includes(0)) {
    return "process 2 takes an empty slot for a value: check for -1 before you read";
  }
  if (new Set(values).size < values.length) {
    return "a value is read twice: mark its slot as empty, or go on to the next slot";
  }
  if (values.length > count) {
    return "process 2 reads one value too many";
  }
  const sorted = values.every((value, i) =>
    i === 0 || (value ?? 0) > (values[i - 1] ?? 0)
  );
  if (!sorted) return "values overtake each other: read the slots in order";
  const last = values.at(-1) === count;
  return last
    ? "a value is lost: process 1 writes over it before process 2 has read it"
    : "process 2 ends before the last value, or waits in vain for it";
}

function finishes(
  evidence: Evidence,
  who: "process1" | "process2",
  values: Line[],
): Finding | undefined {
  const lines = linesOf(evidence, who);
  const end = lines.findLast(is("finish"));
  const last = values.at(-1);
  if (end && last && lines.indexOf(end) > lines.indexOf(last)) return undefined;
  const name = who.replace(/(\d)/, " $1");
  return {
    ok: false,
    got: "it does not say that it has finished",
    expected: `Finished ${name}, after the last value`,
    line: evidence.lines.indexOf(lines.at(-1) ?? evidence.lines[0]),
    hint: evidence.live?.stopped && who === "process2"
      ? "process 2 has every value and waits for one more: it expects one value too many"
      : `say 'Finished ${name}' at the end`,
  };
}

/** The first index at which two lists differ; -1: they are the same. */
function firstDifference<T>(a: readonly T[], b: readonly T[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] !== b[i]) return i;
  }
  return -1;
}

/** Nothing is read before it is written. */
export function inOrder(evidence: Evidence): Finding {
  const { lines } = evidence;
  const written = new Set<number | undefined>();
  const early = lines.findIndex(({ what, value }) => {
    if (what === "write") written.add(value);
    return what === "read" && !written.has(value);
  });
  if (early < 0) return { ok: true, got: "each value was written first" };
  const [first, last] = [lines[0].at, lines.at(-1)?.at];
  const together = first !== undefined && last !== undefined &&
    last - first < AT_ONCE_MS;
  if (together || !areMixed(lines)) {
    return {
      ok: undefined,
      got: together
        ? "all lines came at once, so their order says nothing"
        : "each process's lines stand together, so their order says nothing",
    };
  }
  return {
    ok: false,
    got: `${lines[early].value} was read before it was written`,
    expected: "Writing comes before Read",
    line: early,
    hint:
      "process 1 must say 'Writing' before it stores the value, and process 2 must read what is stored",
  };
}

/** Do the lines of the two alternate? Else the log was put together later. */
function areMixed(lines: readonly Line[]): boolean {
  const speakers = lines.map(({ who }) => who).filter((who) =>
    who === "process1" || who === "process2"
  );
  const turns = speakers.filter((who, i) => i > 0 && who !== speakers[i - 1]);
  return turns.length > 1;
}

/** Process 2 says that data is missing while process 1 pauses. */
export function waits(evidence: Evidence, expectation: Expectation): Finding {
  const { pauseAfter, pauseMs, retryMs } = expectation;
  const lines = linesOf(evidence, "process2");
  const read = (value: number) =>
    lines.findIndex((line) => line.what === "read" && line.value === value);
  const waiting = lines.slice(read(pauseAfter), read(pauseAfter + 1))
    .filter(is("wait")).length;
  const window = windowOf(evidence, expectation);
  if (window !== undefined && window.ms <= 0 && !window.lateStart) {
    return {
      ok: undefined,
      got: "process 2 was not ready before the pause ended",
    };
  }
  const thereMs = window?.ms ?? pauseMs;
  // So many waits fit if process 2 comes when a fifth of the pause is over.
  const fit = Math.floor(0.8 * Math.floor(pauseMs / retryMs));
  const least = thereMs > 0.8 * pauseMs
    ? Math.max(1, fit - 1)
    : window !== undefined && thereMs < 2 * retryMs
    ? 0
    : Math.max(1, Math.floor(thereMs / retryMs) - 2);
  const most = Math.ceil(Math.max(pauseMs, window?.pauseMs ?? 0) / retryMs) + 2;
  const got = window?.lateStart
    ? "it came only after the pause"
    : `${waiting} time${waiting === 1 ? "" : "s"} during the pause`;
  if (waiting >= least && waiting <= most && !window?.lateStart) {
    return { ok: true, got };
  }
  return {
    ok: false,
    got,
    expected: window?.lateStart
      ? "process 2 is there while process 1 pauses"
      : `${least} to ${most} times, once every ${retryMs / 1000} s`,
    line: evidence.lines.indexOf(lines[read(pauseAfter)]),
    hint: window?.lateStart
      ? "process 2 starts after process 1 has ended: start both before you wait for one"
      : waiting > most
      ? "process 2 looks again too soon: sleep between two looks"
      : spins(evidence)
      ? "process 2 spins: it looks again and again without a sleep and without a word"
      : "process 2 must say that data is not available, and sleep before it looks again",
  };
}

/** How long process 2 was there while process 1 paused. */
function windowOf(evidence: Evidence, { pauseAfter }: Expectation) {
  const one = linesOf(evidence, "process1");
  const from = one.find(is("pause"))?.at;
  const to = one.find(({ what, value }) =>
    what === "write" && value === pauseAfter + 1
  )?.at;
  const ready = linesOf(evidence, "process2").at(0)?.at;
  if (from === undefined || to === undefined || ready === undefined) {
    return undefined;
  }
  const pid = pidOf(evidence, "process2") ?? -1;
  const { live } = evidence;
  const started = live && (live.processes.get(pid)?.firstSeen ?? ready);
  return {
    ms: to - Math.max(from, ready),
    pauseMs: to - from,
    lateStart: started !== undefined && started >= to,
  };
}

const SPINS = 0.8; // of all looks
const LOOKS = 5; // fewer say nothing

/**
 * Does process 2 run all the time while process 1 pauses? Its state says so on a
 * busy machine, too, where a spinning process gets little processor time.
 */
export function spins(evidence: Evidence): boolean {
  const pid = pidOf(evidence, "process2") ?? -1;
  const { looks = [] } = evidence.live?.processes.get(pid) ?? {};
  const one = linesOf(evidence, "process1");
  const from = Math.max(
    one.find(is("pause"))?.at ?? Infinity,
    linesOf(evidence, "process2").at(0)?.at ?? Infinity,
  );
  const after = one.slice(one.findIndex(is("pause"))).find(is("write"));
  const during = looks.filter(({ at }) => at > from && at < (after?.at ?? 0));
  const running = during.filter(({ running }) => running);
  return during.length >= LOOKS && running.length >= SPINS * during.length;
}
