import { assertEquals, assertMatch } from "@std/assert";
import { plot } from "../lib/bench/plot.ts";
import type { OneWay, Result, Spread } from "../lib/bench/result.ts";

const MECHANISMS = ["fifo", "pipe", "queue", "shm", "workers", "socket"];
const SIZES = [8, 100, 1024, 8192, 65536];
const TITLE = 'Two cores & "Deno" <2.9>';

function spread(median: number): Spread {
  return { median, min: median * 0.9, max: median * 1.1 };
}

/** A made-up figure: so long to begin with, and then a nanosecond per byte. */
function result(
  mechanism: string,
  wait: Result["wait"],
  size: number,
  microseconds: number,
): Result {
  const time = microseconds + size / 1000;
  const way: OneWay = {
    perSecond: spread(1e6 / time),
    megabytesPerSecond: spread(size / time),
    cpuSecondsPerMillion: spread(time),
  };
  const roundTrip = {
    p50: spread(2 * time),
    p99: spread(5 * time),
    mean: spread(3 * time),
  };
  return {
    mechanism,
    wait,
    size,
    roundTrip,
    single: way,
    batched: way,
  };
}

function results(sizes: number[]): Result[] {
  return sizes.flatMap((size) => [
    ...MECHANISMS.flatMap((name, i) => [
      result(name, "block", size, 10 + i),
      result(name, "spin", size, 1 + i),
    ]).filter(({ mechanism }) => mechanism !== "queue" || size <= 8192),
    result("direct call", "", size, 0.01),
    result("copy", "", size, 0.02),
  ]);
}

/** What is written in a picture whose tags are all closed, in order. */
function texts(svg: string): string[] {
  const open: string[] = [];
  const tag = /<(\/?)([\w:]+)(?:\s+[\w:-]+="(?:[^"<&]|&\w+;)*")*\s*(\/?)>/g;
  const text = svg.replace(tag, (_, end, name, empty) => {
    if (end) assertEquals(open.pop(), name);
    else if (!empty) open.push(name);
    return "\n";
  });
  assertEquals(open, []);
  assertMatch(text, /^([^<>&]|&(amp|lt|gt|quot|apos|#\d+);)*$/);
  return text.split("\n").filter((line) => line !== "");
}

Deno.test("plot: names, axes and sizes are there, in well-formed XML", () => {
  const written = texts(plot(results(SIZES), TITLE));
  const expected = [
    ...MECHANISMS,
    ...["direct call", "copy", "block", "spin"],
    "Round trip, p50 (µs)",
    "Throughput (MB/s)",
    "Size of a message (bytes)",
    ...SIZES.map(String),
  ];
  assertEquals(expected.filter((text) => !written.includes(text)), []);
});

Deno.test("plot: the same results give the same picture", () => {
  assertEquals(plot(results(SIZES), TITLE), plot(results(SIZES), TITLE));
});

Deno.test("plot: a line of one point shows it", () => {
  const [only] = results([24]);
  const svg = plot([only], TITLE);
  // In both panels, and the mark in the legend.
  assertEquals(svg.split('fill="#0072b2"').length - 1, 3);
  assertEquals(texts(svg).filter((text) => text === "24").length, 2);
});
