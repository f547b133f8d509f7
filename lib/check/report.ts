/**
 * What is said of a program after all its runs, and the report as text.
 *
 * @module
 */
import { wrap } from "../cli/help.ts";
import type { Evidence } from "./evidence.ts";
import type { Judgement, Result } from "./judge.ts";

/** One run and what is said of it. */
export interface JudgedRun {
  evidence: Evidence;
  judgement: Judgement;
}

/** A program and its runs. */
export interface Report {
  /** The program, as it would be typed, or the file of a log. */
  program: string;
  /** The command line that repeats it. */
  again: string;
  verdict: "pass" | "fail" | "mixed" | "inconclusive";
  runs: JudgedRun[];
  /** The points of the worst run. */
  score: number;
  of: number;
  /** What makes it look copied. */
  flags: string[];
}

/** Sums up the runs of a program. */
export function reportOn(
  program: string,
  again: string,
  runs: JudgedRun[],
): Report {
  const verdicts = runs.map(({ judgement }) => judgement.verdict);
  const failed = verdicts.includes("fail");
  const verdict = failed && verdicts.includes("pass")
    ? "mixed"
    : failed
    ? "fail"
    : verdicts.includes("inconclusive")
    ? "inconclusive"
    : "pass";
  const { judgement } = worstOf(runs);
  const { score, of } = judgement;
  return { program, again, verdict, runs, score, of, flags: [] };
}

/** The run to show: of those that failed the first, else the first. */
export function worstOf(runs: readonly JudgedRun[]): JudgedRun {
  const worst = [...runs].sort((a, b) =>
    order(a) - order(b) || a.judgement.score - b.judgement.score
  );
  return worst[0];
}

function order({ judgement: { verdict } }: JudgedRun): number {
  return ["fail", "inconclusive", "pass"].indexOf(verdict);
}

/** The first rule that failed. */
export function firstFailure({ judgement }: JudgedRun): Result | undefined {
  return judgement.results.find(({ status }) => status === "fail");
}

const COLUMNS = 80;
const MARKS: Record<Result["status"], string> = {
  pass: "ok",
  fail: "NO",
  unknown: "?",
  skipped: "-",
};

/** The report as text, in 80 columns. */
export function asText(report: Report): string {
  const { program, runs, flags } = report;
  const worst = worstOf(runs);
  const { results, remarks } = worst.judgement;
  const failure = firstFailure(worst);
  return [
    ...block("", program),
    "",
    ...results.flatMap(({ number, status, title, got }) =>
      block(`${MARKS[status].padEnd(3)} ${number} `, `${title}: ${got}`)
    ),
    ...[...remarks, ...flags].flatMap((remark) => block("    ! ", remark)),
    "",
    ...failure ? [...details(failure, worst.evidence, report.again), ""] : [],
    ...block("", conclusion(report)),
    "",
  ].join("\n");
}

/** The verdict in a sentence. */
export function conclusion({ verdict, runs, score, of }: Report): string {
  const passed = runs.filter(({ judgement }) => judgement.verdict === "pass");
  const times = `${passed.length} of ${runs.length} runs passed`;
  const points = `${score} of ${of} points`;
  switch (verdict) {
    case "pass":
      return `PASS: ${runs.length === 1 ? "" : `${times}, `}${points}`;
    case "fail":
      return `FAIL: ${runs.length === 1 ? "" : `${times}, `}${points}`;
    case "mixed":
      return `FAIL: ${times}: the outcome depends on timing (${points})`;
    case "inconclusive":
      return `INCONCLUSIVE: this machine was too busy to tell; run it again`;
  }
}

const CONTEXT = 2; // lines before and after

function details(
  { number, got, expected, line, hint }: Result,
  { lines }: Evidence,
  again: string,
): string[] {
  const from = line === undefined ? 0 : Math.max(0, line - CONTEXT);
  const shown = line === undefined || line < 0
    ? []
    : lines.slice(from, line + CONTEXT + 1);
  return [
    `Rule ${number}`,
    ...expected ? block("  expected  ", expected) : [],
    ...block("  got       ", got),
    ...shown.flatMap(({ text }, i) =>
      // The reason often stands at the end of a long line: it is not cut off.
      block(`  ${from + i === line ? ">" : " "} `, text)
    ),
    ...hint ? block("  hint      ", hint) : [],
    `  again     ${again}`,
  ];
}

/** A text in 80 columns, its lines below each other. */
function block(left: string, text: string): string[] {
  const [first = "", ...more] = wrap(text.split(" "), COLUMNS - left.length);
  return [left + first, ...more.map((line) => " ".repeat(left.length) + line)];
}
