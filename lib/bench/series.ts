/**
 * How the plot's lines look. A colour and a symbol tell the mechanisms apart,
 * dashes and hollow symbols tell spin from block. So the lines differ without
 * colours as well.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { Waiting } from "./result.ts";

/** How the line and the points of a mechanism look. */
export interface Style {
  color: string;
  symbol: Plot.SymbolType;
}

/**
 * These look the same in every picture. The colours are those of Okabe and Ito,
 * which colour-blind people can tell apart.
 */
const KNOWN: ReadonlyMap<string, Style> = new Map([
  ["fifo", { color: "#0072b2", symbol: "circle" }],
  ["pipe", { color: "#56b4e9", symbol: "square" }],
  ["queue", { color: "#009e73", symbol: "triangle" }],
  ["shm", { color: "#d55e00", symbol: "diamond" }],
  ["workers", { color: "#e69f00", symbol: "star" }],
  ["socket", { color: "#cc79a7", symbol: "cross" }],
  ["direct call", { color: "#767676", symbol: "circle" }],
  ["copy", { color: "#767676", symbol: "square" }],
]);

/** What the legend says about waiting belongs to no mechanism. */
export const NEUTRAL: Style = { color: "#222", symbol: "circle" };

/** Other names take the next symbol and the next colour in turn. */
const SYMBOLS = ["hexagon", "wye", "asterisk", "plus", "times"] as const;
const COLORS = ["#332288", "#882255", "#117733", "#999933", "#661100", "#444"];

/** The style of each mechanism, by its name. */
export type Styles = ReadonlyMap<string, Style>;

/** The styles of all names in a picture. A name may be given more than once. */
export function stylesOf(names: Iterable<string>): Styles {
  let others = 0;
  return new Map(
    [...new Set(names)].map((name) => {
      const known = KNOWN.get(name);
      return [name, known ?? otherStyle(others++)];
    }),
  );
}

/** There are 5 symbols and 6 colours, so 30 names in a row differ in both. */
function otherStyle(index: number): Style {
  return {
    color: COLORS[index % COLORS.length],
    symbol: SYMBOLS[index % SYMBOLS.length],
  };
}

const DASHES = { block: "none", spin: "7 4", "": "2 3" };

/** A point of a line. Each pair of name and wait has a line of its own. */
export interface Point {
  name: string;
  wait: Waiting;
  style: Style;
  x: number;
  y: number;
  /** A browser shows it while the mouse is over the point. */
  title?: string;
}

/** A line for each name and wait: solid for block, dashed for spin. */
export function lines(points: Point[]): Plot.Markish[] {
  const byWait = Map.groupBy(points, ({ wait }) => wait);
  return [...byWait].map(([wait, points]) =>
    Plot.line(points, {
      x: "x",
      y: "y",
      z: "name",
      stroke: ({ style }: Point) => style.color,
      strokeWidth: 2,
      strokeDasharray: DASHES[wait],
    })
  );
}

/** A symbol for each point, hollow for spin. */
export function dots(points: Point[]): Plot.Markish {
  return Plot.dot(points, {
    x: "x",
    y: "y",
    symbol: ({ style }: Point) => style.symbol,
    stroke: ({ style }: Point) => style.color,
    fill: ({ wait, style }: Point) => wait === "spin" ? "white" : style.color,
    r: 4,
    title: "title",
  });
}
