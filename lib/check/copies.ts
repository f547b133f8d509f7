/**
 * Finds programs that print what somebody else's run has printed.
 *
 * @module
 */
import type { Evidence } from "./evidence.ts";
import type { Report } from "./report.ts";

/** The Pids of the sheet's transcript. */
const SHEET_PIDS = "16740 2796 12832";

/**
 * Flags each program whose Pids, or whose whole log, another one has too, and
 * each that has the sheet's: the kernel gives out no Pid twice.
 */
export function flagCopies(reports: readonly Report[]): void {
  const owners = new Map<string, Report>();
  for (const report of reports) {
    const pids = new Set(report.runs.map(({ evidence }) => pidsIn(evidence)));
    pids.delete("");
    if (pids.has(SHEET_PIDS)) report.flags.push("the sheet's own transcript");
    if (report.runs.length > 1 && pids.size === 1) {
      report.flags.push("the same Pids in every run");
    }
    for (const key of pids) {
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, report);
      else if (owner !== report) flagPair(owner, report);
    }
  }
}

function flagPair(one: Report, other: Report): void {
  const logs = [one, other].map(({ runs: [{ evidence }] }) =>
    evidence.lines.map(({ text }) => text).join("\n")
  );
  const same = logs[0] === logs[1] ? "log" : "Pids";
  one.flags.push(`the same ${same} as ${other.program}`);
  other.flags.push(`the same ${same} as ${one.program}`);
}

function pidsIn({ lines }: Evidence): string {
  return [...new Set(lines.flatMap(({ pid }) => pid ?? []))].join(" ");
}
