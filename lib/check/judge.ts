/**
 * Judges a run by the rules of the lab sheet. Order and content are judged;
 * times alone never are.
 *
 * @module
 */
import { type Evidence, type Expectation, linesOf } from "./evidence.ts";
import { TORN_LINES, withPidLines } from "./line.ts";
import { areTwo, endsWell, lasts, share } from "./process_rules.ts";
import type { Finding, Rule } from "./rule.ts";
import { inOrder, reads, spins, waits, writes } from "./story_rules.ts";
import { asOnTheSheet } from "./strict.ts";

/** The rules. Their points are 100 in all. */
export const RULES: readonly Rule[] = [
  {
    number: 1,
    title: "it ends by itself and leaves nothing behind",
    points: 10,
    needs: [],
    timed: false,
    find: endsWell,
  },
  {
    number: 2,
    title: "two processes ran, with Pids of their own",
    points: 20,
    needs: [],
    timed: true,
    find: areTwo,
  },
  {
    number: 3,
    title: "process 1 writes every value in order, and pauses",
    points: 15,
    needs: [],
    timed: false,
    find: writes,
  },
  {
    number: 4,
    title: "process 2 reads every value once, in order",
    points: 20,
    needs: [],
    timed: false,
    find: reads,
  },
  {
    number: 5,
    title: "nothing is read before it is written",
    points: 10,
    needs: [3],
    timed: false,
    find: inOrder,
  },
  {
    number: 6,
    title: "process 2 says that data is missing",
    points: 10,
    needs: [3, 4],
    timed: true,
    find: waits,
  },
  {
    number: 7,
    title: "the run lasts at least the pause",
    points: 5,
    needs: [3],
    timed: false,
    find: lasts,
  },
  {
    number: 8,
    title: "the two share a kernel object",
    points: 10,
    needs: [2],
    timed: true,
    find: share,
  },
];

/** Rule 9, with --strict. */
const STRICT: Rule = {
  number: 9,
  title: "the lines are the sheet's own",
  points: 0,
  needs: [],
  timed: false,
  find: asOnTheSheet,
};

/** What a rule says of a run. */
export interface Result extends Omit<Finding, "ok"> {
  number: number;
  title: string;
  /** `unknown`: the run does not tell; `skipped`: another rule comes first. */
  status: "pass" | "fail" | "unknown" | "skipped";
  /** What it is worth. */
  points: number;
}

/** What is said of a run. */
export interface Judgement {
  verdict: "pass" | "fail" | "inconclusive";
  results: Result[];
  /** Without points. */
  remarks: string[];
  /** The points of the rules that passed. */
  score: number;
  /** The points of all rules but the unknown ones. */
  of: number;
}

/** A machine that is later than that (ms) may break a rule about time. */
export const LATE_MS = 250;

/** Judges a run. @param points What each rule is worth. */
export function judge(
  found: Evidence,
  expectation: Expectation,
  points: readonly number[] = RULES.map((rule) => rule.points),
): Judgement {
  const rules = expectation.strict ? [...RULES, STRICT] : RULES;
  const results: Result[] = [];
  const evidence = { ...found, lines: withPidLines(found.lines) };
  const torn = evidence.oddities.includes(TORN_LINES);
  for (const [i, { number, title, needs, find }] of rules.entries()) {
    const worth = points[i] ?? 0;
    const first = results.find((result) =>
      needs.includes(result.number) &&
      ["fail", "skipped"].includes(result.status)
    );
    if (first) {
      const got = `rule ${first.number} comes first`;
      results.push({ number, title, points: worth, status: "skipped", got });
      continue;
    }
    const { ok, ...finding } = find(evidence, expectation);
    if (ok === false && torn && (number === 3 || number === 4)) {
      finding.hint =
        "lines mix: write each one, newline and all, with one call";
    }
    const status = ok === undefined ? "unknown" : ok ? "pass" : "fail";
    results.push({ number, title, points: worth, status, ...finding });
  }
  const sum = (...statuses: Result["status"][]) =>
    results.filter(({ status }) => statuses.includes(status))
      .reduce((sum, { points }) => sum + points, 0);
  return {
    verdict: verdictOf(results, evidence),
    results,
    remarks: remarksOn(evidence),
    score: sum("pass"),
    of: sum("pass", "fail", "skipped"),
  };
}

function verdictOf(
  results: Result[],
  { live }: Evidence,
): Judgement["verdict"] {
  const failed = results.filter(({ status }) => status === "fail");
  if (failed.length === 0) return "pass";
  const timed = failed.every(({ number, sure }) =>
    !sure && RULES.find((rule) => rule.number === number)?.timed
  );
  return timed && (live?.lateMs ?? 0) > LATE_MS ? "inconclusive" : "fail";
}

/** Says what is odd and costs no points. */
function remarksOn(evidence: Evidence): string[] {
  const { live, oddities } = evidence;
  const remarks = [...oddities];
  if (live?.ours !== "process2" && spins(evidence)) {
    remarks.push(
      "process 2 spins: it uses a processor while it waits; let it sleep",
    );
  }
  const theirs = (["parent", "process1", "process2"] as const)
    .filter((who) => who !== live?.ours)
    .flatMap((who) => linesOf(evidence, who));
  const other = theirs.filter(({ exact, what }) => !exact && what);
  if (other.length > 0) {
    remarks.push(
      `${other.length} lines are spelled in another way than the sheet's, ` +
        `such as '${other[0].text.slice(0, 50)}'`,
    );
  }
  return remarks;
}
