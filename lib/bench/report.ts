/**
 * The results as a table, in Markdown: for the terminal, and to paste.
 *
 * @module
 */
import { markdownTable } from "markdown-table";
import type { Result } from "./result.ts";

type Column = [heading: string, cell: (result: Result) => string];

const COLUMNS: Column[] = [
  ["mechanism", ({ mechanism }) => mechanism],
  ["wait", ({ wait }) => wait],
  ["p50", ({ roundTrip }) => digits(roundTrip.p50.median)],
  [
    "min to max",
    ({ roundTrip: { p50: { min, max } } }) =>
      `${digits(min)} to ${digits(max)}`,
  ],
  ["p99", ({ roundTrip }) => digits(roundTrip.p99.median)],
  ["mean", ({ roundTrip }) => digits(roundTrip.mean.median)],
  ["msg/s", ({ single }) => amount(single.perSecond.median)],
  ["CPU s/M", ({ single }) => digits(single.cpuSecondsPerMillion.median)],
  ["batched msg/s", ({ batched }) => amount(batched.perSecond.median)],
  ["CPU s/M", ({ batched }) => digits(batched.cpuSecondsPerMillion.median)],
  ["MB/s", ({ batched }) => digits(batched.megabytesPerSecond.median)],
];
const WORDS = 2; // the columns in front of the figures

const LEGEND = `\
p50 (of the rounds the median, and their min to max), p99, mean: round trip in
microseconds. msg/s: one way, one write per message, or batched: many. MB/s: of
the batched. CPU s/M: processor seconds of both sides per million messages.
`;

/**
 * The tables, one for each size: the baselines first, then the mechanisms, the
 * fastest round trip first.
 */
export function report(results: Result[]): string {
  const sizes = [...Map.groupBy(results, ({ size }) => size)];
  const tables = sizes.toSorted(([a], [b]) => a - b).map(([size, group]) => {
    const rank = ({ wait, roundTrip }: Result) =>
      wait === "" ? 0 : roundTrip.p50.median;
    const rows = group.toSorted((a, b) => rank(a) - rank(b))
      .map((result) => COLUMNS.map(([, cell]) => cell(result)));
    const headings = COLUMNS.map(([heading]) => heading);
    const align = COLUMNS.map((_, i) => i < WORDS ? "l" : "r");
    return `## ${size} bytes\n\n${
      markdownTable([headings, ...rows], { align })
    }\n`;
  });
  return [...tables, LEGEND].join("\n");
}

/** Three significant digits. */
function digits(value: number): string {
  return value < 100 ? String(Number(value.toPrecision(3))) : value.toFixed(0);
}

const compact = new Intl.NumberFormat("en", {
  notation: "compact",
  maximumSignificantDigits: 3,
});

/** Such as `1.23 M`. */
function amount(value: number): string {
  return compact.format(value).replace(/\D$/, " $&");
}
