/**
 * The figures in docs/performance.md: each block between two marks is made from
 * docs/performance.json. The words around them are written by hand.
 *
 * @module
 */
import { markdownTable } from "markdown-table";
import { LabError } from "../error.ts";
import { BASELINES } from "./baseline.ts";
import { COUNTS, type Growth } from "./growth.ts";
import { conductLines, machineLines } from "./machine.ts";
import { PEERS } from "./peer_list.ts";
import type { Performance, Run } from "./figures.ts";
import { marks } from "./report.ts";
import type { Result } from "./result.ts";
import { climb, RUNGS } from "./rungs.ts";
import { middle } from "./summary.ts";

/** What each block shows, by the name in its mark. */
const BLOCKS: Record<string, (data: Performance) => string> = {
  machine: machineBlock,
  rungs: rungsBlock,
  peers: peersBlock,
  sizes: () =>
    "![Round trip and throughput of every mechanism against the size of a message](performance.svg)",
  growth: growthBlock,
  memory: memoryBlock,
};

/**
 * Renews the blocks of a page.
 *
 * @throws {LabError} If a block is missing.
 */
export function renewed(page: string, data: Performance): string {
  for (const [name, block] of Object.entries(BLOCKS)) {
    const [begin, end] = [`<!-- figures: ${name} -->`, "<!-- end -->"];
    const from = page.indexOf(begin);
    const to = page.indexOf(end, from);
    if (from < 0 || to < 0) {
      throw new LabError(`Cannot renew the page: it has no ${begin}`);
    }
    page = `${page.slice(0, from + begin.length)}\n\n${
      block(data).trimEnd()
    }\n\n${page.slice(to)}`;
  }
  return page;
}

/** The pictures, by the names of their files. */
export async function pictures(
  data: Performance,
): Promise<Record<string, string>> {
  const { plot } = await import("./plot.ts");
  const { growthPlot } = await import("./growth_plot.ts");
  const title = machineLines(data.machine, data.deno).join(", ");
  const ours = medianResults(data.runs)
    .filter(({ mechanism }) => !PEERS.some(({ name }) => name === mechanism));
  return {
    "performance.svg": plot(ours, title),
    "performance-growth.svg": growthPlot(data.growth, title),
  };
}

/** Of each combination the medians of the runs, each figure by itself. */
function medianResults(runs: Run[]): Result[] {
  const groups = Map.groupBy(
    runs.flatMap(({ results }) => results),
    ({ mechanism, wait, size }) => [mechanism, wait, size].join(),
  );
  return [...groups.values()].map(middle);
}

function machineBlock(
  { machine, deno, started, version, runs }: Performance,
): string {
  const wrong = runs.flatMap(({ results }) => results)
    .filter((result) => marks(result) !== "").length;
  const all = runs.reduce((sum, { results }) => sum + results.length, 0);
  return [
    "```",
    ...machineLines(machine, deno),
    `${started.slice(0, 10)}, version ${version}, ` +
    `${runs.length} runs of ${runs[0].rounds} rounds`,
    ...runs.flatMap(({ conduct }, i) => [
      `run ${i + 1}:`,
      ...conductLines(conduct).map((line) => `  ${line}`),
    ]),
    `${wrong} of ${all} rows were measured while others had the processors`,
    ...runs[0].leftOut.map((what) => `left out: ${what}`),
    "```",
  ].join("\n");
}

function rungsBlock({ runs }: Performance): string {
  const rows = RUNGS.map((rung) => {
    const word = rung.less ? "at most" : "at least";
    const unit = rung.other ? "" : ` ${rung.unit}`;
    const reached = climb(rung, runs);
    const figures = (values: number[]) =>
      values.length > 0 ? `${values.map(digits).join(", ")} ${rung.unit}` : "";
    return [
      rung.work,
      `${word} ${rung.reach}${unit}`,
      reached ? figures(reached.ours) : "not measured",
      reached ? figures(reached.other) : "",
      reached ? digits(reached.best) : "",
      reached ? digits(reached.worst) : "",
      reached?.how ?? "",
    ];
  });
  return table(
    ["work", "reach", "ours", "the other", "best", "worst", "reached"],
    rows,
    2,
  );
}

function peersBlock({ runs }: Performance): string {
  const results = medianResults(runs);
  const find = (name: string, wait: string, size: number) =>
    results.find((result) =>
      result.mechanism === name && result.wait === wait && result.size === size
    );
  const rows = PEERS.flatMap((peer) =>
    [8, 100, 65536].flatMap((size) => {
      const its = find(peer.name, peer.wait, size);
      const ours = find(peer.ours, peer.wait, size);
      if (!its || !ours) return [];
      const trips = [ours, its].map((one) => one.roundTrip.p50.median);
      const flows = [ours, its].map((one) => one.single.perSecond.median / 1e6);
      return [[
        peer.name + marks(its),
        `${peer.ours} ${peer.wait}${marks(ours)}`,
        `${size}`,
        ...trips.map(digits),
        digits(trips[0] / trips[1]),
        ...flows.map(digits),
        digits(flows[0] / flows[1]),
      ]];
    })
  );
  return table(
    [
      ...["peer", "ours", "bytes", "ours µs", "its µs", "ratio"],
      ...["ours M/s", "its M/s", "ratio"],
    ],
    rows,
    2,
  );
}

function growthBlock({ growth }: Performance): string {
  const picture =
    "![Round trip and throughput against the number of pairs and of producers](performance-growth.svg)";
  const names = [...new Set(growth.map(({ mechanism }) => mechanism))];
  const row = (name: string, figure: (one: Growth) => number) =>
    COUNTS.map((count) => {
      const one = growth.find(({ mechanism, pairs }) =>
        mechanism === name && pairs === count
      );
      return one ? digits(figure(one)) : "";
    });
  const rows = names.map((name) => [
    name,
    ...row(name, ({ p50 }) => p50),
    ...row(name, ({ perSecond }) => perSecond / 1e6),
  ]);
  const headings = [
    "mechanism",
    ...COUNTS.map((count) => `${count}: µs`),
    ...COUNTS.map((count) => `${count}: M/s`),
  ];
  return `${picture}\n\n${table(headings, rows, 1)}`;
}

function memoryBlock({ runs, growth }: Performance): string {
  const results = medianResults(runs);
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  // A call and a copy take place in the benchmark's own process.
  const baselines = new Set(BASELINES.map(({ name }) => name));
  const names = new Set(results.map(({ mechanism }) => mechanism))
    .difference(baselines);
  const rows = [...names].map((name) => {
    const own = results.filter(({ mechanism }) => mechanism === name);
    const many = growth.find(({ mechanism, pairs }) =>
      mechanism === name && pairs === COUNTS[COUNTS.length - 1]
    );
    return [
      name,
      `${own[0].memory.length}`,
      ...[8, 65536].map((size) => {
        const some = own.filter((result) => result.size === size)
          .flatMap(({ memory }) => memory);
        return some.length > 0 ? megabytes(Math.max(...some)) : "";
      }),
      many ? megabytes(many.memory) : "",
    ];
  });
  return table(
    ["mechanism", "processes", "8 B: MB", "64 KiB: MB", "8 producers: MB"],
    rows,
    1,
  );
}

function table(headings: string[], rows: string[][], words: number): string {
  const align = headings.map((_, i) => i < words ? "l" : "r");
  return markdownTable([headings, ...rows], { align });
}

/** Three significant digits. */
function digits(value: number): string {
  return value < 1000 ? String(Number(value.toPrecision(3))) : value.toFixed(0);
}
