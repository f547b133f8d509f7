/**
 * How the cost grows with the number of producers, as a picture.
 *
 * @module
 */
import type { Growth } from "./growth.ts";
import { type Across, type Figure, picture } from "./picture.ts";

const PRODUCERS: Across = {
  label: "Pairs, or producers",
  value: (count) => `${count} of them`,
};

/** Draws round trip and throughput against the number of producers. */
export function growthPlot(growth: Growth[], title: string): string {
  const figures = (x: keyof Growth, y: (one: Growth) => number) =>
    growth.map((one): Figure => ({
      name: one.mechanism,
      wait: "block",
      x: Number(one[x]),
      y: y(one),
    }));
  return picture(
    [
      {
        title: "Round trip, while so many pairs have one",
        axis: "Round trip, p50",
        unit: "µs",
        points: figures("pairs", ({ p50 }) => p50),
      },
      {
        title: "Throughput of one channel",
        axis: "Throughput",
        unit: "M messages/s",
        points: figures("producers", ({ perSecond }) => perSecond / 1e6),
      },
    ],
    PRODUCERS,
    title,
    growth.map(({ mechanism: name }) => ({ name, wait: "block" })),
  );
}
