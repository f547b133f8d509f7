/**
 * The results as tables in Markdown, for the terminal and to paste elsewhere. No
 * line is longer than 80 characters.
 *
 * @module
 */
import { markdownTable } from "markdown-table";
import { peerNamed } from "./peer_list.ts";
import { MUCH } from "./processors.ts";
import type { Result } from "./result.ts";

/** A column: its heading, and its cell in the row of a result. */
type Column = [
  heading: string,
  cell: (result: Result, ours?: Result) => string,
];

const NAMES: Column[] = [
  ["mechanism", (result) => result.mechanism + marks(result)],
  ["wait", ({ wait }) => wait],
];

const ROUND_TRIP: Column[] = [
  ...NAMES,
  ["p50 µs", ({ roundTrip }) => digits(roundTrip.p50.median)],
  [
    "min to max µs",
    ({ rounds, roundTrip: { p50: { min, max } } }) =>
      rounds === 1 ? "" : `${digits(min, 2)} to ${digits(max, 2)}`,
  ],
  ["p99 µs", ({ roundTrip }) => digits(roundTrip.p99.median)],
  ["mean µs", ({ roundTrip }) => digits(roundTrip.mean.median)],
  [
    "ratio",
    ({ roundTrip }, ours) =>
      ours ? digits(ours.roundTrip.p50.median / roundTrip.p50.median, 2) : "",
  ],
];

const ONE_WAY: Column[] = [
  ...NAMES,
  ["M/s", ({ single }) => millions(single.perSecond.median)],
  ["CPU µs", ({ single }) => digits(single.cpuSecondsPerMillion.median)],
  [
    "ratio",
    ({ single }, ours) =>
      ours
        ? digits(ours.single.perSecond.median / single.perSecond.median, 2)
        : "",
  ],
  ["many M/s", ({ batched }) => millions(batched.perSecond.median)],
  ["CPU µs", ({ batched }) => digits(batched.cpuSecondsPerMillion.median)],
  ["MB/s", ({ batched }) => digits(batched.megabytesPerSecond.median)],
];
/** The first columns hold words, the others figures. */
const WORD_COLUMNS = NAMES.length;

const LEGEND = `\
p50, p99: of a round trip, the medians of the rounds; min to max: p50 of the
fastest and of the slowest round; mean: of others, without a look at the clock
after each. M/s: million messages a second one way, one in each write; many:
with up to 4096 bytes of them in each write. CPU: processor time of both sides
for a message. MB/s: with many in each write.
`;
const RATIO = `\
ratio: the figure of our mechanism, divided by that of the peer in this row.
Round trip: below 1, ours is faster. M/s: above 1, ours is faster.
`;
const MARKS = `\
*: another program used the processors for more than ${
  MUCH * 100
} % of the time.
!: another virtual machine did (stolen time). Measure such a row again.
`;

/**
 * Two tables for each size. The baselines come first, then the mechanisms and
 * the peers, in the order of their round trips.
 */
export function report(results: Result[]): string {
  const peers = results.some(({ mechanism }) => peerNamed(mechanism));
  const sizes = [...Map.groupBy(results, ({ size }) => size)];
  const tables = sizes.toSorted(([a], [b]) => a - b).flatMap(
    ([size, group]) => {
      const rank = ({ wait, roundTrip }: Result) =>
        wait === "" ? 0 : roundTrip.p50.median;
      const rows = group.toSorted((a, b) => rank(a) - rank(b));
      const table = (columns: Column[]) =>
        tableOf(columns.filter(([name]) => peers || name !== "ratio"), rows);
      return [
        `## ${size} bytes, round trip\n\n${table(ROUND_TRIP)}`,
        `## ${size} bytes, one way\n\n${table(ONE_WAY)}`,
      ];
    },
  );
  const marked = results.some((result) => marks(result) !== "");
  return [
    ...tables,
    LEGEND + (peers ? RATIO : "") + (marked ? MARKS : ""),
  ].join("\n");
}

function tableOf(columns: Column[], rows: Result[]): string {
  const cells = rows.map((row) => {
    const ours = oursFor(row, rows);
    return columns.map(([, cell]) => cell(row, ours));
  });
  const align = columns.map((_, i) => i < WORD_COLUMNS ? "l" : "r");
  return markdownTable([columns.map(([heading]) => heading), ...cells], {
    align,
  }) + "\n";
}

/** The result of ours that a peer is compared with. */
export function oursFor(
  { mechanism, wait, size }: Result,
  results: Result[],
): Result | undefined {
  const name = peerNamed(mechanism)?.ours;
  return results.find((result) =>
    result.mechanism === name && result.wait === wait && result.size === size
  );
}

/** Marks a result that was measured while others had the processors. */
export function marks({ lost: { shared, stolen } }: Result): string {
  return (shared > MUCH ? "*" : "") + (stolen > MUCH ? "!" : "");
}

/** Three significant digits, or so many. */
function digits(value: number, count = 3): string {
  return value < 100
    ? String(Number(value.toPrecision(count)))
    : value.toFixed(0);
}

function millions(value: number): string {
  return digits(value / 1e6);
}
