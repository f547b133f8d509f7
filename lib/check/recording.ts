/**
 * A run as a recording: one JSON object a line, in the order of time.
 *
 * @module
 */
import type { Evidence } from "./evidence.ts";

/**
 * Each line of the log is `{at, event: "line", text, who, what, value}`; each
 * look at a process `{at, event: "process", pid, cpuMs}`; `at` is in ms since
 * the start.
 */
export function recordingOf({ lines, live }: Evidence): string {
  const said = lines.map(({ at = 0, exact: _, ...line }) => ({
    at,
    event: "line",
    ...line,
  }));
  const seen = [...live?.processes.values() ?? []].flatMap(({ pid, cpu }) =>
    cpu.map(({ at, ms }) => ({ at, event: "process", pid, cpuMs: ms }))
  );
  return [...said, ...seen].sort((a, b) => a.at - b.at)
    .map((entry) => JSON.stringify(entry) + "\n").join("");
}
