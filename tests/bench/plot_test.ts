import { assert, assertEquals, assertMatch } from "@std/assert";
import { plot } from "../../lib/bench/plot.ts";
import type { OneWay, Result, Spread } from "../../lib/bench/result.ts";

const MECHANISMS = ["fifo", "pipe", "queue", "shm", "workers", "socket"];
const SIZES = [8, 100, 1024, 8192, 65536];
const BASELINES = ["direct call", "copy"];
const TITLE = 'Two cores & "Deno" <2.9>';

function spread(median: number): Spread {
  return { median, min: median * 0.9, max: median * 1.1 };
}

/** An invented result: so many microseconds, and a nanosecond for each byte. */
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
    lost: { shared: 0, stolen: 0 },
    memory: [1],
    rounds: 1,
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

/** An element of a picture. */
interface Tag {
  name: string;
  attributes: Map<string, string>;
  children: Tag[];
  /** Its text, with that of its children. */
  text: string;
}

const ENTITIES = new Map([["lt", "<"], ["gt", ">"], ["amp", "&"]])
  .set("quot", '"').set("apos", "'");

function unescape(text: string): string {
  assertMatch(text, /^([^<>&]|&(amp|lt|gt|quot|apos|#\d+);)*$/);
  return text.replace(
    /&#?(\w+);/g,
    (_, name) => ENTITIES.get(name) ?? String.fromCodePoint(Number(name)),
  );
}

/** Reads XML. Fails if a tag is not closed, or closed in a wrong order. */
function read(xml: string): Tag {
  const top: Tag = { name: "", attributes: new Map(), children: [], text: "" };
  const open = [top];
  const part =
    /<(\/?)([\w:]+)((?:\s+[\w:-]+="(?:[^"<&]|&#?\w+;)*")*)\s*(\/?)>|([^<]+)/gy;
  let end = 0;
  for (const match of xml.matchAll(part)) {
    const [all, closing, name, attributes, empty, text] = match;
    end = match.index + all.length;
    if (text !== undefined) {
      for (const tag of open) tag.text += unescape(text);
    } else if (closing) {
      assertEquals(open.pop()?.name, name);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)]
        .map(([, key, value]): [string, string] => [key, unescape(value)]);
      const tag = { name, attributes: new Map(pairs), children: [], text: "" };
      assertEquals(tag.attributes.size, pairs.length);
      open[open.length - 1].children.push(tag);
      if (!empty) open.push(tag);
    }
  }
  assertEquals([end, open.length], [xml.length, 1]);
  assertEquals(top.children.map(({ name }) => name), ["svg"]);
  return top.children[0];
}

function inside(tag: Tag): Tag[] {
  return [tag, ...tag.children.flatMap(inside)];
}

/** The elements in the groups with this label: Plot labels all that it draws. */
function drawn(tag: Tag, label: string): Tag[] {
  return inside(tag)
    .filter(({ attributes }) => attributes.get("aria-label") === label)
    .flatMap(({ children }) => children);
}

function panels(picture: Tag): Tag[] {
  const found = picture.children.filter(({ name }) => name === "svg");
  assertEquals(found.length, 2);
  return found;
}

/** The place of an element in its panel. */
function place({ attributes }: Tag): [x: number, y: number] {
  const match = attributes.get("transform")?.match(/^translate\((.*),(.*)\)$/);
  return [Number(match?.[1]), Number(match?.[2])];
}

function assertNear(actual: number, expected: number, what: string) {
  const near = Math.abs(actual - expected) < 0.01;
  assert(near, `${what}: ${actual} instead of ${expected}`);
}

/** Computes the place of a value from the first and the last label of an axis. */
function axis(panel: Tag, name: "x" | "y"): (value: number) => number {
  const labels = drawn(panel, `${name}-axis tick label`).map((label) => ({
    log: Math.log(Number(label.text.replaceAll(",", ""))),
    at: place(label)[name === "x" ? 0 : 1],
  }));
  const [first, last] = [labels[0], labels[labels.length - 1]];
  const slope = (last.at - first.at) / (last.log - first.log);
  return (value) => first.at + slope * (Math.log(value) - first.log);
}

/** The points of a series, found by the text that a browser shows for them. */
function pointsOf(panel: Tag, { mechanism, wait }: Result): Tag[] {
  const series = wait ? `${mechanism}, ${wait}` : mechanism;
  return drawn(panel, "dot")
    .filter(({ text }) => text.replace(/, \d+ bytes: .*/, "") === series);
}

/** The line through these points, to a thousandth of a pixel. */
function path(points: Tag[]): string {
  const places = points.map((point) =>
    place(point).map((at) => Math.round(at * 1000) / 1000)
  );
  return `M${places.join("L")}`;
}

/** The results of each line. */
function series(results: Result[]): Result[][] {
  return [
    ...Map.groupBy(results, ({ mechanism, wait }) => `${mechanism} ${wait}`)
      .values(),
  ];
}

Deno.test("plot: the XML is well-formed and has all names, axes and sizes", () => {
  const picture = read(plot(results(SIZES), TITLE));
  const written = inside(picture).map(({ text }) => text);
  const expected = [
    ...MECHANISMS,
    ...BASELINES,
    ...["block", "spin"],
    "Round trip, p50 (µs)",
    "Throughput (MB/s)",
    "Size of a message (bytes)",
    ...SIZES.map(String),
  ];
  assertEquals(expected.filter((text) => !written.includes(text)), []);
});

Deno.test('plot: a title with < & " is escaped', () => {
  const picture = read(plot(results(SIZES), TITLE));
  const [title] = drawn(picture, "text");
  assertEquals(title.text, TITLE);
  assertEquals(picture.attributes.get("aria-label"), `Benchmark: ${TITLE}`);
});

Deno.test("plot: a long title is split into lines", () => {
  const words = Array.from({ length: 15 }, (_, i) => `word${i}`);
  const [title] = drawn(read(plot(results(SIZES), words.join(" "))), "text");
  const lines = title.children.map(({ text }) => text);
  assertEquals(lines.length, 2);
  assertEquals(lines.join(" "), words.join(" "));
});

Deno.test("plot: the same results give the same picture", () => {
  assertEquals(plot(results(SIZES), TITLE), plot(results(SIZES), TITLE));
});

Deno.test("plot: the picture needs no other file and has a white background", () => {
  const svg = plot(results(SIZES), TITLE);
  assertMatch(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  assertEquals(
    svg.match(/NaN|undefined|Infinity|<script|<style|href|url\(/),
    null,
  );
  const { attributes, children: [background] } = read(svg);
  assertEquals(background.name, "rect");
  assertEquals(background.attributes.get("fill"), "white");
  for (const size of ["width", "height"]) {
    assertEquals(background.attributes.get(size), attributes.get(size));
  }
});

Deno.test("plot: every result has a point at its place on the axes", () => {
  const all = results(SIZES);
  const [left, right] = panels(read(plot(all, TITLE)));
  const charts = [
    { panel: left, value: ({ roundTrip }: Result) => roundTrip.p50.median },
    {
      panel: right,
      value: ({ batched }: Result) => batched.megabytesPerSecond.median,
    },
  ];
  for (const { panel, value } of charts) {
    const there = panel === left
      ? all
      : all.filter(({ mechanism }) => mechanism !== "direct call");
    assertEquals(drawn(panel, "dot").length, there.length);
    const [x, y] = [axis(panel, "x"), axis(panel, "y")];
    assert(x(8) < x(65536) && y(8) > y(65536));
    for (const line of series(there)) {
      const points = pointsOf(panel, line[0]);
      assertEquals(points.length, line.length);
      for (const [i, result] of line.entries()) {
        const [left, top] = place(points[i]);
        assertNear(left, x(result.size), `x of ${points[i].text}`);
        assertNear(top, y(value(result)), `y of ${points[i].text}`);
      }
    }
  }
});

Deno.test("plot: a line goes through the points of its series, by size", () => {
  // The order of the results does not matter.
  const all = results([1024, 65536, 8, 8192, 100]);
  for (const panel of panels(read(plot(all, TITLE)))) {
    const paths = drawn(panel, "line").map((line) => line.attributes.get("d"));
    const expected = series(all).map(([first]) => pointsOf(panel, first))
      .filter((points) => points.length > 0)
      .map(path);
    assertEquals(paths.toSorted(), expected.toSorted());
    for (const line of expected) {
      const across = line.slice(1).split("L").map(parseFloat);
      assertEquals(across, across.toSorted((a, b) => a - b));
    }
  }
});

/** How each line looks: colour, symbol, hollow or filled, and dashes. */
function looks(all: Result[]) {
  const [panel] = panels(read(plot(all, TITLE)));
  const dashes = new Map(
    inside(panel)
      .filter(({ attributes }) => attributes.get("aria-label") === "line")
      .flatMap(({ attributes, children }) =>
        children.map((line): [string, string] => [
          line.attributes.get("d") ?? "",
          attributes.get("stroke-dasharray") ?? "none",
        ])
      ),
  );
  return series(all).map(([first]) => {
    const points = pointsOf(panel, first);
    const [{ attributes }] = points;
    const hollow = attributes.get("fill") === "white";
    const dash = dashes.get(path(points));
    assert(dash !== undefined);
    const color = attributes.get("stroke");
    return { color, shape: [attributes.get("d"), hollow, dash].join(" ") };
  });
}

Deno.test("plot: no two lines look the same without their colours", () => {
  const shapes = looks(results(SIZES)).map(({ shape }) => shape);
  assertEquals(shapes.length, 2 * MECHANISMS.length + BASELINES.length);
  assertEquals(new Set(shapes).size, shapes.length);
});

Deno.test("plot: a mechanism that it does not know has a colour and symbol of its own", () => {
  const news = ["nats", "dbus", "rpc", "tcp", "udp"];
  const sizes = [8, 1024];
  const added = news.flatMap((name, i) =>
    sizes.map((size) => result(name, "block", size, 5.5 + i))
  );
  const all = looks([...results(sizes), ...added]);
  const known = all.slice(0, -news.length).map(({ color }) => color);
  const own = all.slice(-news.length);
  const blocking = all.filter(({ shape }) => shape.endsWith("false none"));
  assertEquals(blocking.length, MECHANISMS.length + news.length);
  assertEquals(
    new Set(blocking.map(({ shape }) => shape)).size,
    blocking.length,
  );
  assertEquals(new Set(own.map(({ color }) => color)).size, news.length);
  assertEquals(own.filter(({ color }) => known.includes(color)), []);
});

Deno.test("plot: labels of many sizes do not overlap", () => {
  const sizes = [...Array.from({ length: 18 }, (_, i) => 2 ** (i + 3)), 100]
    .sort((a, b) => a - b);
  for (const panel of panels(read(plot(results(sizes), TITLE)))) {
    assert(drawn(panel, "x-axis tick label").length < sizes.length);
    for (const axis of ["x", "y"] as const) {
      // Both ends of each label: a digit is 9 pixels wide, a label 16 high.
      const ends = drawn(panel, `${axis}-axis tick label`).map((label) => {
        const [x, y] = place(label);
        const half = axis === "x" ? label.text.length * 9 / 2 : 8;
        const middle = axis === "x" ? x : -y;
        return [middle - half, middle + half];
      });
      for (let i = 1; i < ends.length; i++) assert(ends[i][0] > ends[i - 1][1]);
    }
  }
});

Deno.test("plot: a line of one point shows that point", () => {
  const [only] = results([24]);
  const picture = read(plot([only], TITLE));
  for (const panel of panels(picture)) {
    assertEquals(drawn(panel, "dot").length, 1);
    assertEquals(drawn(panel, "x-axis tick label").map(({ text }) => text), [
      "24",
    ]);
  }
  // One in each panel, and one in the legend.
  const blue = inside(picture)
    .filter(({ attributes }) => attributes.get("fill") === "#0072b2");
  assertEquals(blue.length, 3);
});

Deno.test("plot: figures that are not above 0 are left out", () => {
  const [first, ...rest] = results(SIZES);
  const { roundTrip } = first;
  for (const median of [0, NaN]) {
    const p50 = { ...roundTrip.p50, median };
    const broken = { ...first, roundTrip: { ...roundTrip, p50 } };
    const svg = plot([broken, ...rest], TITLE);
    assertEquals(svg.match(/NaN|Infinity/), null);
    const [left, right] = panels(read(svg));
    assertEquals(pointsOf(left, first).length, SIZES.length - 1);
    assertEquals(pointsOf(right, first).length, SIZES.length);
  }
});
