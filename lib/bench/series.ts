/**
 * How the plot's lines look. A colour and a symbol tell the mechanism, dashes
 * and hollow symbols tell spin, so that the lines differ without colours, too.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { Waiting } from "./result.ts";

// The colours of Okabe and Ito, which the colour-blind can tell apart. By name,
// so that a mechanism looks the same in every picture.
const LOOKS: Record<string, { color: string; symbol: Plot.SymbolType }> = {
  fifo: { color: "#0072b2", symbol: "circle" },
  pipe: { color: "#56b4e9", symbol: "square" },
  queue: { color: "#009e73", symbol: "triangle" },
  shm: { color: "#d55e00", symbol: "diamond" },
  workers: { color: "#e69f00", symbol: "star" },
  socket: { color: "#cc79a7", symbol: "cross" },
  "direct call": { color: "#767676", symbol: "circle" },
  copy: { color: "#767676", symbol: "square" },
};
const OTHER = { color: "#222", symbol: "circle" } as const;
const DASHES = { block: "none", spin: "7 4", "": "2 3" };

/** A point of a line. Lines are told apart by name and wait. */
export interface Point {
  name: string;
  wait: Waiting;
  x: number;
  y: number;
  /** A browser shows it while the mouse is over the point. */
  title?: string;
}

function look({ name }: Point) {
  return LOOKS[name] ?? OTHER;
}

/** A line for each name and wait: solid for block, dashed for spin. */
export function lines(points: Point[]): Plot.Markish[] {
  const byWait = Map.groupBy(points, ({ wait }) => wait);
  return [...byWait].map(([wait, points]) =>
    Plot.line(points, {
      x: "x",
      y: "y",
      z: "name",
      stroke: (point: Point) => look(point).color,
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
    symbol: (point: Point) => look(point).symbol,
    stroke: (point: Point) => look(point).color,
    fill: (point: Point) => point.wait === "spin" ? "white" : look(point).color,
    r: 4,
    title: "title",
  });
}
