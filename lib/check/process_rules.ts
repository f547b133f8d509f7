/**
 * The rules about processes: they are two, they end, and they share something.
 *
 * @module
 */
import {
  type Evidence,
  type Expectation,
  linesOf,
  type Live,
  pidOf,
} from "./evidence.ts";
import type { What, Who } from "./line.ts";
import { MOST_LINES } from "./output.ts";
import type { Finding } from "./rule.ts";
import { hiddenWay, sharedObject } from "./shared.ts";

/** What a saved log cannot show. */
const UNSEEN: Finding = { ok: undefined, got: "a log alone cannot show it" };

/** Ends by itself, exit code 0, leaves nothing behind. */
export function endsWell(evidence: Evidence, { count }: Expectation): Finding {
  const { live } = evidence;
  if (!live) return UNSEEN;
  const expected = "both end by themselves with exit code 0";
  if (live.stopped) {
    return {
      ok: false,
      got: `it ${live.stopped}`,
      expected,
      line: evidence.lines.length - 1,
      hint: whyEndless(evidence, live, count),
    };
  }
  const failed = live.endings.find(({ code }) => code !== 0);
  if (failed) {
    return {
      ok: false,
      got: `exit code ${failed.code}`,
      expected,
      line: evidence.lines.length - 1,
      hint: SHELL_HINTS[failed.code ?? 0] ?? "the last lines say why it failed",
    };
  }
  if (live.left.length > 0) {
    return {
      ok: false,
      got: `it left ${live.left.join(", ")}`,
      expected: "nothing is left behind",
      hint: live.left.some((what) => what.startsWith("the process"))
        ? "a child still ran when the program ended: wait for every child"
        : "a name in the system stays until somebody unlinks it",
    };
  }
  return {
    ok: true,
    got: `exit code 0 after ${(live.ms / 1000).toFixed(1)} s`,
  };
}

/** What the shell's exit codes mean, in the shell's own manual: EXIT STATUS. */
const SHELL_HINTS: Record<number, string> = {
  126: "the file may not be executed: chmod +x FILE",
  127: "the command was not found",
};

function whyEndless(evidence: Evidence, live: Live, count: number): string {
  const [writes, reads] = (["write", "read"] as const).map((event) =>
    evidence.lines.filter(({ what }) => what === event).length
  );
  if (live.stopped?.startsWith("could")) {
    return live.stopped.endsWith("not executable")
      ? SHELL_HINTS[126]
      : "is the command spelled right?";
  }
  const { length } = evidence.lines;
  if (live.stopped?.startsWith("printed") || length >= MOST_LINES) {
    return "a loop prints without end: sleep before you look again";
  }
  const opening = [...live.processes.values()].some(({ wchans }) =>
    (wchans.get("wait_for_partner") ?? 0) > 5
  );
  if (opening && reads === 0) {
    return "open(2) of a FIFO waits until the other end is opened: with two FIFOs, open them in the same order in both processes";
  }
  if (
    (["process1", "process2"] as const).every((who) =>
      linesOf(evidence, who).some(({ what }) => what === "finish")
    )
  ) return "both have finished, and one does not exit: return from it";
  if (reads >= count) {
    return `process 2 has all ${count} values and waits for one more: it expects one value too many`;
  }
  const early = (["process1", "process2"] as const).find((who) =>
    endedEarly(evidence, live, who)
  );
  if (early !== undefined) {
    return `process ${
      early.at(-1)
    } ended too early, and the other waits for it: the log has its error`;
  }
  if (writes >= count && reads === 0) {
    return "process 2 never sees a value: it looks at a copy of its own, or at another object than process 1 writes to";
  }
  return reads > 0
    ? `process 2 has read ${reads} of ${count} values and waits for the next, which never comes`
    : "a process waits for something that never comes";
}

/** Did a process end in the middle of its story, before the last look? */
function endedEarly(evidence: Evidence, live: Live, who: Who): boolean {
  const pid = pidOf(evidence, who);
  if (pid === undefined) return false;
  // It may have been there too shortly to be seen at all.
  const { lastSeen = 0 } = live.processes.get(pid) ?? {};
  const lastLook = Math.max(
    ...[...live.processes.values()].map((trace) => trace.lastSeen),
  );
  return lastSeen < lastLook &&
    !linesOf(evidence, who).some(({ what }) => what === "finish");
}

/** Two processes with different Pids that really ran. */
export function areTwo(evidence: Evidence, expectation: Expectation): Finding {
  const { live } = evidence;
  const pids = (["process1", "process2"] as const).map((who) =>
    pidOf(evidence, who)
  );
  const expected = "each process says its own Pid";
  const missing = pids.indexOf(undefined);
  if (missing >= 0) {
    return { ok: false, expected, ...withoutPid(evidence, missing) };
  }
  const [one, two] = pids as number[];
  if (one === two) {
    const { threads = 1 } = live?.processes.get(one) ?? {};
    return {
      ok: false,
      sure: true,
      expected: "two different Pids",
      got: `both have Pid ${one}${threads > 1 ? ", as threads" : ""}`,
      hint: threads > 1
        ? "threads share one process: start two processes (fork, multiprocessing.Process)"
        : "one process plays both parts, or each part asks for its Pid before it is a process: ask in each child (in a shell $BASHPID, not $$)",
      line: evidence.lines.findLastIndex(({ pid }) => pid !== undefined),
    };
  }
  if (!live) {
    return {
      ok: undefined,
      got: `Pids ${one} and ${two}: a log alone cannot show that they ran`,
    };
  }
  const unseen = [one, two].filter((pid) => !live.processes.has(pid));
  if (unseen.length === 0) return { ok: true, got: `Pids ${one} and ${two}` };
  const isExcused = (pid: number) =>
    !isThread(live, pid) &&
    isShort(evidence, live, expectation, pid === one ? "process1" : "process2");
  if (unseen.every(isExcused)) {
    return {
      ok: undefined,
      got: `Pid ${unseen.join(" and ")} was there too shortly to be seen`,
    };
  }
  return {
    ok: false,
    expected: "both Pids belong to processes that run",
    got: `no process ${unseen.join(" and ")} ran`,
    hint: unseen.some((pid) => isThread(live, pid))
      ? "that is a thread's number: threads share one process, so start two processes"
      : "the Pids are printed, not asked for: getpid() in each of two processes",
    line: evidence.lines.findIndex(({ pid }) => pid === unseen[0]),
  };
}

function isThread({ processes }: Live, tid: number): boolean {
  return [...processes.values()].some(({ tids }) => tids.includes(tid));
}

const SHORT_MS = 200;

/** May a process have been there too shortly to be seen? */
function isShort(
  evidence: Evidence,
  live: Live,
  { pauseMs, retryMs }: Expectation,
  who: "process1" | "process2",
): boolean {
  const lines = linesOf(evidence, who);
  const linesMs = (lines.at(-1)?.at ?? 0) - (lines.at(0)?.at ?? 0);
  // Its lines may come all at once, and yet say that it slept in between.
  const says = (what: What) =>
    lines.filter((line) => line.what === what).length;
  const sleptMs = who === "process1"
    ? says("pause") > 0 ? pauseMs : 0
    : (says("wait") - 1) * retryMs;
  return Math.max(linesMs, Math.min(sleptMs, live.ms)) < SHORT_MS;
}

function withoutPid(evidence: Evidence, missing: number) {
  const who: Who = missing === 0 ? "process1" : "process2";
  const { length } = linesOf(evidence, who);
  const spoke = evidence.lines.some((line) => line.who === "parent");
  const children = (evidence.live?.processes.size ?? 0) > 1;
  const values = evidence.lines.some(({ value }) => value !== undefined);
  const hint = !evidence.live && !values
    ? "a file that is named alone is a saved log, and this one has no value: to run a program, deno task check -- python3 lab3.py"
    : length > 0
    ? "print the Pid first: Pid:29410"
    : spoke && children
    ? "no line of a child came: logging is set up where a spawned child does not run it, under 'if __name__'"
    : "no line names its process: INFO:process1:Writing 1";
  return {
    got: length > 0 ? `${who} says no Pid` : `no line of ${who}`,
    hint,
  };
}

/** The whole run lasts at least the pause. */
export function lasts({ live }: Evidence, { pauseMs }: Expectation): Finding {
  if (!live) return UNSEEN;
  const got = `${(live.ms / 1000).toFixed(2)} s in all`;
  // The program's own time lies within ours: no load can make this one shorter.
  return live.ms >= pauseMs ? { ok: true, got } : {
    ok: false,
    got,
    expected: `at least ${pauseMs / 1000} s, the pause alone`,
    hint:
      "process 1 says that it sleeps and does not: sleep for the whole pause",
  };
}

/** The two share a kernel object. */
export function share(evidence: Evidence): Finding {
  const { live } = evidence;
  const [one, two] = [pidOf(evidence, "process1"), pidOf(evidence, "process2")];
  if (!live || one === undefined || two === undefined) return UNSEEN;
  const object = sharedObject(live, one, two);
  if (
    object === undefined && ![one, two].every((pid) => live.processes.has(pid))
  ) {
    return { ok: undefined, got: "a process was there too shortly to be seen" };
  }
  if (object !== undefined) return { ok: true, got: object };
  const way = hiddenWay(live, one, two);
  return way !== undefined ? { ok: undefined, got: way } : {
    ok: false,
    got: "none was seen",
    expected: "a pipe, a FIFO, a queue, a socket or shared memory",
    hint:
      "each process prints its own story: nothing goes from process 1 to process 2",
  };
}
