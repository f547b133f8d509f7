// docs/performance.md and docs/performance.json say the same.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Growth } from "../../lib/bench/growth.ts";
import { pictures, renewed } from "../../lib/bench/page.ts";
import { asJson, type Performance, type Run } from "../../lib/bench/figures.ts";
import { medians } from "../../lib/bench/performance.ts";
import type { Result } from "../../lib/bench/result.ts";
import { climb, RUNGS } from "../../lib/bench/rungs.ts";
import { checkLines } from "../../lib/bench/errands.ts";
import { middle } from "../../lib/bench/summary.ts";
import { LabError } from "../../lib/error.ts";
import { runPath } from "../../lib/mechanism/run_folder.ts";
import { freshName, run as runTask } from "../scripts.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const page = await Deno.readTextFile(new URL("performance.md", DOCS));

/** The figures of the page; `undefined`: nobody has measured them yet. */
async function measured(): Promise<Performance | undefined> {
  try {
    const file = new URL("performance.json", DOCS);
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
const data = await measured();

Deno.test(
  "docs/performance.md and its plots show the figures of docs/performance.json (once they are measured)",
  {
    ignore: data === undefined,
  },
  async () => {
    assert(data);
    assertEquals(page, renewed(page, data));
    for (const [name, svg] of Object.entries(await pictures(data))) {
      assertEquals(await Deno.readTextFile(new URL(name, DOCS)), svg, name);
    }
  },
);

const spread = (median: number) => ({ median, min: median, max: median });

/** A result whose round trip takes so many microseconds. */
function result(
  mechanism: string,
  wait: Result["wait"],
  size: number,
  us: number,
): Result {
  const way = {
    perSecond: spread(1e6 / us),
    megabytesPerSecond: spread(size / us),
    cpuSecondsPerMillion: spread(us),
  };
  return {
    mechanism,
    wait,
    size,
    roundTrip: { p50: spread(us), p99: spread(us), mean: spread(us) },
    single: way,
    batched: way,
    lost: { shared: mechanism === "pipe" ? 0.2 : 0, stolen: 0 },
    memory: [50e6, 60e6],
    rounds: 3,
  };
}

/** A run in which our FIFO is so much slower than C's. */
function run(ratio: number): Run {
  return {
    conduct: {
      load: { before: 0.1, after: 1 },
      stolen: 0,
      flags: { before: 0.11, after: 0.51 },
    },
    rounds: 3,
    leftOut: ["ZeroMQ: zmq.h: No such file or directory"],
    results: [
      result("fifo", "block", 100, 20 * ratio),
      result("C fifo", "block", 100, 20),
      result("pipe", "block", 100, 7),
    ],
    lines: { ours: 40e6, c: 20e6 },
    start: { producer: 60, empty: 30 },
    idle: { fifo: 0.001 },
  };
}

const GROWTH: Growth[] = [1, 2, 4, 8].map((count) => ({
  mechanism: "fifo",
  pairs: count,
  p50: 10 * count,
  producers: count,
  consumers: 1,
  perSecond: 1e6 / count,
  memory: 70e6,
}));

const INVENTED: Performance = {
  version: "1.2.3",
  started: "2026-11-29T12:00:00.000Z",
  machine: {
    cpu: "Abacus",
    processors: 2,
    usable: 2,
    memory: 2 ** 34,
    kernel: "6.1",
    architecture: "x86_64",
  },
  deno: "2.9.6",
  runs: [run(1), run(1.5), run(0.5)],
  growth: GROWTH,
};

Deno.test("climb() says whether a rung was reached in all runs, in some, or in none", () => {
  const [fifo] = RUNGS;
  const best = { best: 0.5, worst: 1.5, other: [20, 20, 20] };
  const some = climb(fifo, INVENTED.runs);
  assertEquals(some, { ...best, ours: [20, 30, 10], how: "not always" });
  assertEquals(climb(fifo, [run(1), run(1.1)])?.how, "yes");
  assertEquals(climb(fifo, [run(1.2)])?.how, "no");
  const idle = RUNGS.find(({ work }) => work.startsWith("fifo, waiting"));
  assertEquals(climb(idle!, [run(1)])?.best, 0.1); // percent
  const zeromq = RUNGS.find(({ work }) => work.includes("ZeroMQ"));
  assertEquals(climb(zeromq!, INVENTED.runs), undefined);
});

Deno.test("middle() takes the median of each figure by itself", () => {
  // The run with the median round trip is not the one with the median flow.
  const runs = [[10, 3], [20, 1], [30, 2]].map(([us, millions]) => {
    const one = result("fifo", "block", 8, us);
    const perSecond = spread(millions);
    return { ...one, single: { ...one.single, perSecond } };
  });
  const { roundTrip: { p50 }, single: { perSecond } } = middle(runs);
  assertEquals(p50, { median: 20, min: 10, max: 30 });
  assertEquals(perSecond, { median: 2, min: 1, max: 3 });
});

Deno.test("checkLines() finds a line that is wrong, missing or not whole", async () => {
  const path = runPath(`${freshName()}.txt`);
  await Deno.mkdir("run", { recursive: true, mode: 0o700 });
  try {
    await Deno.writeTextFile(path, "1\n2\n3\n");
    await checkLines(path, 3);
    for (const text of ["1\n3\n2\n", "1\n2\n", "1\n2\n3\n4", "1\n2\n\n"]) {
      await Deno.writeTextFile(path, text);
      await assertRejects(() => checkLines(path, 3), LabError, "Cannot go on");
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("asJson() shortens fractions, and keeps whole numbers", () => {
  const { runs: [kept], growth } = JSON.parse(asJson({
    ...INVENTED,
    runs: [{ ...run(1), results: [result("fifo", "block", 65_536, 1 / 3)] }],
  }));
  assertEquals(kept.results[0].size, 65_536);
  assertEquals(kept.results[0].roundTrip.p50.median, 0.3333);
  assertEquals(
    growth,
    GROWTH.map((one) => ({
      ...one,
      perSecond: Number(one.perSecond.toPrecision(4)),
    })),
  );
});

Deno.test("renewed() shows figures, and keeps the words around them", () => {
  const once = renewed(page, INVENTED);
  assertEquals(renewed(once, INVENTED), once);
  for (
    const text of [
      "Abacus, 2 processors",
      "two bare flags: 0.11 µs, near before; 0.51 µs, far after",
      "left out: ZeroMQ: zmq.h: No such file or directory",
      "3 of 9 rows were measured while others had the processors",
    ]
  ) assert(once.includes(text), text);
  const row = (start: string) =>
    once.split("\n").filter((line) => line.startsWith(`| ${start}`))
      .map((line) => line.split("|").slice(2, -1).map((cell) => cell.trim()));
  assertEquals(row("fifo, round trip 100 B, block; beside C"), [
    [
      "at most 1.1",
      "20, 30, 10 µs",
      "20, 20, 20 µs",
      "0.5",
      "1.5",
      "not always",
    ],
  ]);
  assertEquals(row("queue, round trip 100 B"), [
    ["at most 1.1", "not measured", "", "", "", ""],
  ]);
  assertEquals(row("C fifo ").find(([ours]) => ours === "fifo block"), [
    ...["fifo block", "100", "20", "20", "1"],
    ...["0.05", "0.05", "1"],
  ]);
  const words = (text: string) =>
    text.replace(/<!-- figures: \w+ -->[^]*?<!-- end -->/g, "");
  assertEquals(words(once), words(page));
});

Deno.test("renewed() fails on a page that has lost a block", () => {
  const says = "it has no <!-- figures: memory -->";
  const lost = page.replace("<!-- figures: memory -->", "");
  assertThrows(() => renewed(lost, INVENTED), LabError, says);
});

Deno.test("asJson() keeps every figure to four digits, one result a line", () => {
  const exact = { ...INVENTED, runs: [run(1.23456789)] };
  const text = asJson(exact);
  const [fifo] = (JSON.parse(text) as Performance).runs[0].results;
  assertEquals(fifo.roundTrip.p50.median, 24.69);
  assertEquals(asJson(JSON.parse(text)), text);
  assert(text.split("\n").every((line) => line.length < 1000));
});

Deno.test("medians() takes the median of each mechanism and count", () => {
  const other = GROWTH.map((one) => ({ ...one, p50: 3 * one.p50 }));
  const third = GROWTH.map((one) => ({ ...one, p50: 100 * one.p50 }));
  assertEquals(
    medians([...GROWTH, ...third, ...other]).map(({ p50 }) => p50),
    [30, 60, 120, 240],
  );
});

Deno.test("deno task performance makes page and plots from the file of figures", async () => {
  const folder = runPath(freshName());
  await Deno.mkdir(folder, { recursive: true });
  try {
    await Deno.writeTextFile(`${folder}/performance.md`, page);
    const missing = await runTask("performance", [`--folder=${folder}`]);
    assertEquals(missing.code, 1, missing.log);
    assert(missing.log.includes("ERROR:performance:Cannot read"), missing.log);
    const file = `${folder}/performance.json`;
    await Deno.writeTextFile(file, asJson(INVENTED));
    const { code, log } = await runTask("performance", [`--folder=${folder}`]);
    assertEquals(code, 0, log);
    const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    const figures: Performance = JSON.parse(await read("performance.json"));
    assertEquals(await read("performance.md"), renewed(page, figures));
    for (const name of ["performance.svg", "performance-growth.svg"]) {
      assert((await read(name)).startsWith("<svg xmlns="), name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
