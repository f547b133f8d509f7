/**
 * The benchmark as a picture. This loads the charting library: import it only
 * when somebody wants the picture.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import type { Result } from "./result.ts";
import { dots, lines, type Point } from "./series.ts";
import { labelled, multiples, roundedRange } from "./ticks.ts";

// Small enough that 14 pixels of text can still be read at half the width.
const WIDTH = 960;
const TEXT = "14px";
const PANEL = { top: 54, width: 480, height: 448 };
const MARGINS = {
  marginTop: 40,
  marginRight: 28,
  marginBottom: 56,
  marginLeft: 98,
};
const INNER_WIDTH = PANEL.width - MARGINS.marginLeft - MARGINS.marginRight;
const LEGEND = {
  top: 532,
  left: 98,
  columns: 4,
  column: 172,
  row: 28,
  line: 36,
};

const INK = "#333";
const GRID = { stroke: "#ccc", strokeOpacity: 1 };
const FINE_GRID = { stroke: "#eee", strokeOpacity: 1 };
const AXIS = { labelAnchor: "center", labelArrow: "none" } as const;
// Enough digits for every tick, and no rounding of 0.0005 to 0.001.
const AS_LABEL = new Intl.NumberFormat("en-US", {
  maximumSignificantDigits: 1,
});
const HEADING = { fontSize: 15, fontWeight: "bold" };

/** One of the two charts. */
interface Panel {
  title: string;
  axis: string;
  unit: string;
  /** What is drawn of a result; NaN leaves it out. */
  value(result: Result): number;
}

const PANELS: Panel[] = [
  {
    title: "Round trip of one message",
    axis: "Round trip, p50",
    unit: "µs",
    value: ({ roundTrip }) => roundTrip.p50.median,
  },
  {
    title: "Throughput with many messages per write",
    axis: "Throughput",
    unit: "MB/s",
    // A direct call moves no bytes: its "throughput" would dwarf all the others.
    value: ({ mechanism, batched }) =>
      mechanism === "direct call" ? NaN : batched.megabytesPerSecond.median,
  },
];

/** What this file uses of an SVG element: Deno has no types for the DOM. */
interface SVG {
  setAttribute(name: string, value: string): void;
  querySelector(selector: string): { remove(): void } | null;
  outerHTML: string;
}

/**
 * Draws round trip and throughput against the size of a message.
 *
 * @param title What was measured, and where: the machine, the runtime.
 * @returns The picture as SVG, the same for the same results.
 */
export function plot(results: Result[], title: string): string {
  const bySize = results.toSorted((a, b) => a.size - b.size);
  const entries = legend(results);
  const svg = draw({
    width: WIDTH,
    height: Math.max(...entries.map(({ y }) => y)) + LEGEND.row,
    margin: 0,
    ariaLabel: `Benchmark: ${title}`,
    // Pixels, from the top left corner.
    x: { type: "identity", axis: null },
    y: { type: "identity", axis: null },
    marks: [
      Plot.frame({ fill: "white", stroke: "none" }),
      Plot.text([title], {
        frameAnchor: "top",
        dy: 14,
        // A guess at the width must do: the viewer's font may be wider.
        lineWidth: 46,
        fontSize: 16,
        fontWeight: "bold",
      }),
      ...PANELS.map((panel, i) => () => chart(panel, bySize, i * PANEL.width)),
      ...lines(entries.flatMap((from) => [
        from,
        { ...from, x: from.x + LEGEND.line },
      ])),
      dots(entries.map((from) => ({ ...from, x: from.x + LEGEND.line / 2 }))),
      Plot.text(entries, {
        x: "x",
        y: "y",
        dx: LEGEND.line + 8,
        text: "name",
        textAnchor: "start",
      }),
    ],
  });
  // A browser knows a standalone file as SVG by this name alone.
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return svg.outerHTML;
}

/** Mechanisms in rows; to the right of them what tells block from spin. */
function legend(results: Result[]): Point[] {
  const names = Map.groupBy(results, ({ mechanism }) => mechanism);
  const mechanisms = [...names].map(([name, [{ wait }]], i) => ({
    name,
    wait,
    ...cell(i % LEGEND.columns, Math.floor(i / LEGEND.columns)),
  }));
  const waits = (["block", "spin"] as const)
    .filter((wait) => results.some((result) => result.wait === wait))
    .map((wait, row) => ({ name: wait, wait, ...cell(LEGEND.columns, row) }));
  return [...mechanisms, ...waits];
}

function cell(column: number, row: number): { x: number; y: number } {
  return {
    x: LEGEND.left + column * LEGEND.column,
    y: LEGEND.top + row * LEGEND.row,
  };
}

/** A panel with its axes, `left` pixels from the picture's left edge. */
function chart(panel: Panel, results: Result[], left: number): SVG {
  // A logarithmic axis has no place for 0 and NaN.
  const points = results.map((result) => point(panel, result))
    .filter(({ y }) => y > 0);
  const sizes = [...new Set(results.map(({ size }) => size))];
  const x = [sizes[0] / 1.5, sizes[sizes.length - 1] * 1.5];
  const y = roundedRange(points.map(({ y }) => y));
  // Labels at 2 and 5, too, where there are few powers of ten.
  const labels = y[1] / y[0] > 1000 ? [1] : [1, 2, 5];
  const svg = draw({
    width: PANEL.width,
    height: PANEL.height,
    ...MARGINS,
    x: { type: "log", domain: x },
    y: { type: "log", domain: y },
    marks: [
      Plot.gridY(multiples([1, 2, 3, 4, 5, 6, 7, 8, 9], y), FINE_GRID),
      Plot.gridY(multiples(labels, y), GRID),
      Plot.gridX(sizes, GRID),
      Plot.axisX(labelled(sizes, x, INNER_WIDTH), {
        label: "Size of a message (bytes)",
        // Not tickFormat: with it, a log axis labels only some of the ticks.
        text: String,
        ...AXIS,
        labelOffset: 44,
      }),
      Plot.axisY(multiples(labels, y), {
        label: `${panel.axis} (${panel.unit})`,
        text: (value: number) => AS_LABEL.format(value),
        ...AXIS,
        labelOffset: 84,
      }),
      ...lines(points),
      dots(points),
      Plot.text([panel.title], { frameAnchor: "top", dy: -34, ...HEADING }),
    ],
  });
  svg.setAttribute("x", `${left}`);
  svg.setAttribute("y", `${PANEL.top}`);
  return svg;
}

/** The plot as an element, without the style sheet that a web page would need. */
function draw(options: Plot.PlotOptions): SVG {
  const document = new DOMParser().parseFromString("<svg/>", "image/svg+xml");
  const style = { fontSize: TEXT, color: INK };
  const svg: SVG = Plot.plot({ document, style, ...options });
  svg.querySelector("style")?.remove();
  return svg;
}

function point({ value, unit }: Panel, result: Result): Point {
  const { mechanism: name, wait, size } = result;
  const y = value(result);
  const what = [name, wait].filter((word) => word !== "").join(", ");
  return {
    name,
    wait,
    x: size,
    y,
    title: `${what}, ${size} bytes: ${Number(y.toPrecision(3))} ${unit}`,
  };
}
