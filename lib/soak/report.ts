/**
 * The counts as a table in Markdown, for the terminal and for
 * docs/reliability.md.
 *
 * @module
 */
import { markdownTable } from "markdown-table";
import type { Interrupted } from "./interrupts.ts";
import type { Total } from "./result.ts";

const HEADINGS = [
  "--via",
  "kills",
  "other",
  "written",
  "lost",
  "twice",
  "torn",
  "left",
  "wrong",
];

const LEGEND = `\
kills: kill -9 of a process at work. other: SIGSTOP with SIGCONT, SIGINT,
SIGTERM, SIGHUP. written: values that were written for certain. lost: with a
consumer, a client or a whole lab that was ended, as the mechanism must lose
them. twice: read twice. torn: read and never written. left: channels that were
there when both ends had been killed. wrong: all that none of this explains; it
must be 0.
`;

/** A row for each mechanism, and what the columns mean. */
export function report(totals: readonly Total[]): string {
  const rows = totals.map((total) =>
    [
      total.via,
      total.kills,
      total.signals,
      total.written,
      total.lost,
      total.repeated,
      total.torn,
      total.left,
      total.unexplained,
    ].map(String)
  );
  const align = HEADINGS.map((_, i) => i === 0 ? "l" : "r");
  return `${markdownTable([HEADINGS, ...rows], { align })}\n\n${LEGEND}`;
}

/** How often Ctrl-C came, for each command, and how often it went wrong. */
export function interruptReport(interrupted: readonly Interrupted[]): string {
  const rows = interrupted.map((
    { line, interrupts, words },
  ) => [line, String(interrupts), String(words.length)]);
  const table = markdownTable([["command", "Ctrl-C", "wrong"], ...rows], {
    align: ["l", "r", "r"],
  });
  return `${table}\n`;
}
