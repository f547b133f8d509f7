/**
 * The reports in the formats that other programs read.
 *
 * @module
 */
import {
  asText,
  conclusion,
  firstFailure,
  type Report,
  worstOf,
} from "./report.ts";

/** The values of `--format`. */
export const FORMATS = [
  "text",
  "json",
  "junit",
  "gradescope",
  "github",
] as const;

/** Writes all reports in one of the formats. */
export function formatted(
  reports: readonly Report[],
  format: typeof FORMATS[number],
): string {
  switch (format) {
    case "text":
      return [...reports.map(asText), ...summary(reports)].join("\n");
    case "json":
      return JSON.stringify(reports.map(everything), undefined, 2) + "\n";
    case "junit":
      return asJunit(reports);
    case "gradescope":
      return JSON.stringify(asGradescope(reports[0]), undefined, 2) + "\n";
    case "github":
      return reports.map(asGithub).join("");
  }
}

/** Below many reports: how many programs passed. */
function summary(reports: readonly Report[]): string[] {
  if (reports.length < 2) return [];
  const passed = reports.filter(({ verdict }) => verdict === "pass");
  return [`${passed.length} of ${reports.length} programs passed\n`];
}

/** Everything that is known, in plain JSON. */
function everything({ runs, ...report }: Report) {
  return {
    ...report,
    runs: runs.map(({ judgement, evidence: { lines, live, oddities } }) => ({
      ...judgement,
      oddities,
      lines,
      live: live && {
        ...live,
        processes: [...live.processes.values()].map((
          { wchans, looks, ...trace },
        ) => ({
          ...trace,
          wchans: Object.fromEntries(wchans),
          cpuMs: looks.at(-1)?.cpuMs ?? 0,
        })),
        objects: [...live.objects.values()].map(({ object, users, used }) => ({
          ...object,
          used,
          users: Object.fromEntries(users),
        })),
      },
    })),
  };
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function xml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

function asJunit(reports: readonly Report[]): string {
  const suites = reports.map(({ program, runs }) => {
    const { results } = worstOf(runs).judgement;
    const failures = results.filter(({ status }) => status === "fail");
    const skipped = results.filter(({ status }) =>
      status === "skipped" || status === "unknown"
    );
    const cases = results.map(({ number, title, status, got, hint }) => {
      const open = `    <testcase classname="${xml(program)}" name="${
        xml(`${number} ${title}`)
      }"`;
      if (status === "pass") return `${open}/>`;
      const inner = status === "fail"
        ? `<failure message="${xml(got)}">${xml(hint ?? "")}</failure>`
        : `<skipped message="${xml(got)}"/>`;
      return `${open}>${inner}</testcase>`;
    });
    return `  <testsuite name="${
      xml(program)
    }" tests="${results.length}" failures="${failures.length}" skipped="${skipped.length}">\n${
      cases.join("\n")
    }\n  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${
    suites.join("")
  }</testsuites>\n`;
}

/** Gradescope's results.json: a failed rule scores 0. */
function asGradescope(report: Report) {
  const { results } = worstOf(report.runs).judgement;
  return {
    score: report.score,
    output: asText(report),
    tests: results.filter(({ status }) => status !== "unknown").map((
      { number, title, status, points, got, hint },
    ) => ({
      number: String(number),
      name: title,
      score: status === "pass" ? points : 0,
      max_score: points,
      status: status === "pass" ? "passed" : "failed",
      output: hint ? `${got}\n${hint}` : got,
    })),
  };
}

/** An annotation for each program: workflow commands of GitHub's runner. */
function asGithub(report: Report): string {
  const failure = firstFailure(worstOf(report.runs));
  const kind = report.verdict === "pass"
    ? "notice"
    : report.verdict === "inconclusive"
    ? "warning"
    : "error";
  const words = [
    conclusion(report),
    ...failure
      ? [`Rule ${failure.number}: ${failure.got}`, failure.hint ?? ""]
      : [],
  ].join("\n");
  const data = (text: string) =>
    text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text: string) =>
    data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  return `::${kind} title=${property(`check ${report.program}`)}::${
    data(words)
  }\n`;
}

/** `--csv`: a line for each program, below a line of names. */
export function asCsv(reports: readonly Report[]): string {
  const rows = reports.map((report) => {
    const { program, verdict, score, of, runs, flags } = report;
    const failure = firstFailure(worstOf(runs));
    const passed = runs.filter(({ judgement }) => judgement.verdict === "pass");
    return [
      program,
      verdict,
      score,
      of,
      passed.length,
      runs.length,
      failure?.number ?? "",
      failure?.got ?? "",
      failure?.hint ?? "",
      flags.join("; "),
    ];
  });
  const names = "program verdict score of passed runs rule got hint flags"
    .split(" ");
  return [names, ...rows].map((row) => row.map(cell).join(",") + "\r\n")
    .join("");
}

/** RFC 4180; a spreadsheet would take `=...` for a formula. */
function cell(value: string | number): string {
  const text = String(value).replace(/^[=+\-@]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
