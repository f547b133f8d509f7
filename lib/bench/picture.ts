/**
 * Two charts side by side, with a legend. This file loads the charting library, so import it
 * only where a picture was asked for.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import type { Waiting } from "./result.ts";
import {
  dots,
  lines,
  NEUTRAL,
  type Point,
  type Styles,
  stylesOf,
} from "./series.ts";
import { labelled, multiples, roundedRange } from "./ticks.ts";

// All lengths are in pixels. The picture is so narrow that its text can still be
// read at half the width.
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
// One digit is enough for every tick, and 0.0005 is not rounded to 0.001.
const AS_LABEL = new Intl.NumberFormat("en-US", {
  maximumSignificantDigits: 1,
});
const HEADING = { fontSize: 15, fontWeight: "bold" };

/** One of the two charts. */
export interface Panel {
  title: string;
  axis: string;
  unit: string;
  /** What is drawn, in ascending order of `x`. */
  points: Figure[];
}

/** One figure: of a mechanism, in one way of waiting. */
export interface Figure {
  name: string;
  wait: Waiting;
  x: number;
  /** 0 and NaN are left out. */
  y: number;
}

/** A line: a mechanism, in one way of waiting. */
export type Series = Pick<Figure, "name" | "wait">;

/** What the horizontal axis of both charts is. */
export interface Across {
  /** Its name. */
  label: string;
  /** How a point's text names a value: "100 bytes". */
  value(x: number): string;
}

/** The part of an SVG element that this file uses: Deno has no DOM types. */
interface SVG {
  setAttribute(name: string, value: string): void;
  querySelector(selector: string): { remove(): void } | null;
  outerHTML: string;
}

/**
 * Draws two charts side by side, and the legend below.
 *
 * @param series The lines, in the order of the legend.
 * @returns The picture as SVG.
 */
export function picture(
  panels: [Panel, Panel],
  across: Across,
  title: string,
  series: Series[],
): string {
  const styles = stylesOf(series.map(({ name }) => name));
  const entries = legend(series, styles);
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
        // The width is a guess: the viewer's font may be wider.
        lineWidth: 46,
        fontSize: 16,
        fontWeight: "bold",
      }),
      ...panels.map((panel, i) => () =>
        chart(panel, across, styles, i * PANEL.width)
      ),
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
  // A browser recognizes a standalone file as SVG only by this name.
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return svg.outerHTML;
}

/** The legend: mechanisms in rows, and to the right of them block and spin. */
function legend(series: Series[], styles: Styles): Point[] {
  const names = Map.groupBy(series, ({ name }) => name);
  const mechanisms = [...names].map(([name, [{ wait }]], i) => ({
    name,
    wait,
    style: styles.get(name) ?? NEUTRAL,
    ...cell(i % LEGEND.columns, Math.floor(i / LEGEND.columns)),
  }));
  const waits = (["block", "spin"] as const)
    .filter((wait) => series.some((one) => one.wait === wait))
    .map((wait, row) => ({
      name: wait,
      wait,
      style: NEUTRAL,
      ...cell(LEGEND.columns, row),
    }));
  return [...mechanisms, ...waits];
}

function cell(column: number, row: number): { x: number; y: number } {
  return {
    x: LEGEND.left + column * LEGEND.column,
    y: LEGEND.top + row * LEGEND.row,
  };
}

/** A panel with its axes, `left` pixels from the picture's left edge. */
function chart(
  panel: Panel,
  across: Across,
  styles: Styles,
  left: number,
): SVG {
  // 0 and NaN cannot be drawn on a logarithmic axis.
  const points = panel.points.map((figure) =>
    point(panel, across, figure, styles)
  )
    .filter(({ y }) => y > 0);
  const sizes = [...new Set(panel.points.map(({ x }) => x))];
  const x = [sizes[0] / 1.5, sizes[sizes.length - 1] * 1.5];
  const y = roundedRange(points.map(({ y }) => y));
  // Where there are few powers of ten, 2 and 5 get labels as well.
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
        label: across.label,
        // With tickFormat, a log axis would label only some of the ticks.
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

function point(
  { unit }: Panel,
  across: Across,
  { name, wait, x, y }: Figure,
  styles: Styles,
): Point {
  const what = [name, wait].filter((word) => word !== "").join(", ");
  return {
    name,
    wait,
    style: styles.get(name) ?? NEUTRAL,
    x,
    y,
    title: `${what}, ${across.value(x)}: ${Number(y.toPrecision(3))} ${unit}`,
  };
}
