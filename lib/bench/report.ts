/**
 * The results as tables in Markdown, for the terminal and to paste elsewhere.
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
/** The first columns hold words, the others figures. */
const WORD_COLUMNS = 2;

const LEGEND = `\
p50, p99, mean: round trip in microseconds, the median of the rounds; min to max:
p50 of the fastest and of the slowest round. msg/s: messages per second one way,
one in each write; batched: many in each write. MB/s: batched. CPU s/M: processor
seconds of both sides per million messages.
`;

/**
 * One table for each size. The baselines come first, then the mechanisms, in the
 * order of their round trips.
 */
export function report(results: Result[]): string {
  const sizes = [...Map.groupBy(results, ({ size }) => size)];
  const tables = sizes.toSorted(([a], [b]) => a - b).map(([size, group]) => {
    const rank = ({ wait, roundTrip }: Result) =>
      wait === "" ? 0 : roundTrip.p50.median;
    const rows = group.toSorted((a, b) => rank(a) - rank(b))
      .map((result) => COLUMNS.map(([, cell]) => cell(result)));
    const headings = COLUMNS.map(([heading]) => heading);
    const align = COLUMNS.map((_, i) => i < WORD_COLUMNS ? "l" : "r");
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
