/**
 * The benchmark as a picture. This file loads the charting library, so import it
 * only where a picture was asked for.
 *
 * @module
 */
import { type Across, type Figure, picture } from "./picture.ts";
import type { Result } from "./result.ts";

const SIZE: Across = {
  label: "Size of a message (bytes)",
  value: (size) => `${size} bytes`,
};

/**
 * Draws round trip and throughput against the size of a message.
 *
 * @param title What was measured, and where: the machine, the runtime.
 * @returns The picture as SVG, the same for the same results.
 */
export function plot(results: Result[], title: string): string {
  const bySize = results.toSorted((a, b) => a.size - b.size);
  const figures = (value: (result: Result) => number) =>
    bySize.map((result): Figure => {
      const { mechanism: name, wait, size: x } = result;
      return { name, wait, x, y: value(result) };
    });
  return picture(
    [
      {
        title: "Round trip of one message",
        axis: "Round trip, p50",
        unit: "µs",
        points: figures(({ roundTrip }) => roundTrip.p50.median),
      },
      {
        title: "Throughput with many messages per write",
        axis: "Throughput",
        unit: "MB/s",
        // A direct call moves no bytes, so its throughput would mean nothing.
        points: figures(({ mechanism, batched }) =>
          mechanism === "direct call" ? NaN : batched.megabytesPerSecond.median
        ),
      },
    ],
    SIZE,
    title,
    results.map(({ mechanism: name, wait }) => ({ name, wait })),
  );
}
