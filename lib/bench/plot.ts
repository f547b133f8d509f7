/**
 * The benchmark as a picture. This loads the charting library: import it only
 * when somebody wants the picture.
 *
 * @module
 */
import { LineChart, type LineSeriesOption } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  TitleComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Result } from "./result.ts";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const PICTURE = { width: 1200, height: 760 };
const PANEL = { top: 100, width: 480, height: 540 };

// The colours of Okabe and Ito, which the colour-blind can tell apart. By name,
// so that a mechanism looks the same in every picture.
const LOOKS: Record<string, { color: string; symbol: string }> = {
  fifo: { color: "#0072b2", symbol: "circle" },
  pipe: { color: "#56b4e9", symbol: "rect" },
  queue: { color: "#009e73", symbol: "triangle" },
  shm: { color: "#d55e00", symbol: "diamond" },
  workers: { color: "#e69f00", symbol: "path://M0 0H10L5 10Z" },
  socket: { color: "#cc79a7", symbol: "path://M5 0L10 4L8 10H2L0 4Z" },
  "direct call": { color: "#888", symbol: "circle" },
  copy: { color: "#888", symbol: "rect" },
};
const OTHER = { color: "#000", symbol: "circle" };
const DASHES = { block: "solid", spin: "dashed", "": "dotted" } as const;

const PANELS = [
  {
    title: "Round trip of one message",
    axis: "Round trip, p50 (µs)",
    left: 80,
    value: ({ roundTrip }: Result) => roundTrip.p50.median,
  },
  {
    title: "Throughput with many messages per write",
    axis: "Throughput (MB/s)",
    left: 690,
    // A direct call moves no bytes: its "throughput" would dwarf all the others.
    value: ({ mechanism, batched }: Result) =>
      mechanism === "direct call" ? NaN : batched.megabytesPerSecond.median,
  },
];

/** How a line looks: a colour for each mechanism, dashed and hollow for spin. */
function look(name: string, wait: Result["wait"]): LineSeriesOption {
  const { color, symbol } = LOOKS[name] ?? OTHER;
  return {
    type: "line",
    name,
    color,
    symbol: wait === "spin" ? `empty${symbol}` : symbol,
    symbolSize: 8,
    lineStyle: { type: DASHES[wait], width: 2 },
  };
}

/**
 * Draws round trip and throughput against the size of a message.
 *
 * @param title What was measured, and where: the machine, the runtime.
 * @returns The picture as SVG, the same for the same results.
 */
export function plot(results: Result[], title: string): string {
  const bySize = results.toSorted((a, b) => a.size - b.size);
  const sizes = [...new Set(bySize.map(({ size }) => size))];
  const names = [...new Set(results.map(({ mechanism }) => mechanism))];
  const waits = (["block", "spin"] as const)
    .filter((wait) => results.some((result) => result.wait === wait));
  const lines = Map.groupBy(
    bySize,
    ({ mechanism, wait }) => [mechanism, wait].join(),
  );

  const chart = init(null, null, { renderer: "svg", ssr: true, ...PICTURE });
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    title: [
      {
        text: title,
        left: "center",
        top: 10,
        // A guess at its width must do here: the viewer's font may be wider.
        textStyle: { fontSize: 16, width: 900, overflow: "break" },
      },
      ...PANELS.map(({ title, left }) => ({
        text: title,
        left: left + PANEL.width / 2,
        top: 60,
        textAlign: "center",
        textStyle: { fontSize: 14 },
      })),
    ],
    legend: [
      { data: names, left: 70 },
      { data: waits, right: 25, itemWidth: 40 },
    ].map((legend) => ({ ...legend, top: 718, itemGap: 18 })),
    grid: PANELS.map(({ left }) => ({ left, ...PANEL })),
    xAxis: PANELS.map((_, gridIndex) => ({
      gridIndex,
      type: "log",
      min: sizes[0] / 1.5,
      max: sizes[sizes.length - 1] * 1.5,
      name: "Size of a message (bytes)",
      nameLocation: "middle",
      nameGap: 42,
      axisTick: { customValues: sizes },
      axisLabel: {
        customValues: sizes,
        formatter: String,
        rotate: sizes.length > 8 ? 45 : 0,
        hideOverlap: true,
      },
    })),
    yAxis: PANELS.map(({ axis }, gridIndex) => ({
      gridIndex,
      type: "log",
      name: axis,
      nameLocation: "middle",
      nameGap: 52,
      minorTick: { show: true, splitNumber: 9 },
      minorSplitLine: { show: true },
    })),
    series: [
      ...PANELS.flatMap(({ value }, i) =>
        [...lines.values()].map((line) => ({
          ...look(line[0].mechanism, line[0].wait),
          xAxisIndex: i,
          yAxisIndex: i,
          data: line.map((result) => [result.size, value(result)]),
        }))
      ),
      // Without data, these two are for the legend alone.
      ...waits.map((wait) => look(wait, wait)),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // Classes and ids are numbered anew in every picture.
  return svg.replace(/<style[^]*<\/style>\n?/, "")
    .replace(/ (class|ecmeta_\w+)="[^"]*"/g, "")
    .replace(/\bzr\d+-/g, "");
}
