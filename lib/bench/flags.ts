/**
 * The flags of the benchmark.
 *
 * @module
 */
import { defineCommand, type OptionsFor, type Written } from "../cli/define.ts";
import { decimal, file, integer, list, toggle } from "../cli/flag.ts";
import { SERVER_FLAG } from "../lab/channel_flags.ts";
import { MECHANISMS } from "../mechanism/mod.ts";

const MECHANISM_NAMES = MECHANISMS.map(({ name }) => name);
const WAITS = ["block", "spin"] as const;
const SMALLEST_BYTES = 8; // two words of 4 bytes
const LARGEST_BYTES = 1_048_576;
const MOST_MESSAGES = 16_384; // as slots of a ring: 1 GB

const SIZES = "8,100,1024,8192,65536";
const QUICK_SIZES = "8,1024,65536";
const ROUNDS = 5;
const QUICK_ROUNDS = 3;

const VIA_ALLOWED = `all, or some of ${MECHANISM_NAMES.join(", ")}`;

/** The benchmark. */
export const BENCH = defineCommand({
  name: "bench",
  about: "Measures the mechanisms: round trip, throughput, processor time.",
  flags: {
    via: list({
      value: "LIST",
      help: "the mechanisms, with commas between them",
      default: "all",
      of: ["all", ...MECHANISM_NAMES],
      allowed: VIA_ALLOWED,
      item: (text) => ["all", ...MECHANISM_NAMES].find((name) => name === text),
    }),
    server: SERVER_FLAG,
    wait: list({
      value: "LIST",
      help: "block (the kernel wakes us), spin, or both",
      default: "block,spin",
      option: "waits",
      of: WAITS,
      allowed: `some of ${WAITS.join(", ")}`,
      item: (text) => WAITS.find((way) => way === text),
    }),
    size: list({
      value: "LIST",
      help: "bytes of a message, multiples of 4",
      default: SIZES,
      with: { "--quick": QUICK_SIZES },
      option: "sizes",
      allowed: `multiples of 4 from ${SMALLEST_BYTES} to ${LARGEST_BYTES}`,
      item(text) {
        const size = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
        const good = size >= SMALLEST_BYTES && size <= LARGEST_BYTES &&
          size % 4 === 0;
        return good ? size : undefined;
      },
    }),
    seconds: decimal({
      value: "SECONDS",
      help: "how long each figure is measured, all rounds together",
      default: 1,
      with: { "--quick": 0.15 },
      min: 0.01,
      max: 3600,
    }),
    rounds: integer({
      value: "N",
      help: "how often each figure is measured; the table has the medians",
      default: ROUNDS,
      with: { "--quick": QUICK_ROUNDS },
      min: 1,
      max: 1000,
    }),
    capacity: integer({
      value: "N",
      help:
        "how many messages the buffer holds, where one can choose; the peers keep theirs",
      min: 1,
      max: MOST_MESSAGES,
    }),
    quick: toggle("fewer sizes, shorter rounds: all of it within a minute"),
    peers: toggle(
      "also C, Python, Node, Deno, ZeroMQ and Boost at the same work",
    ),
    json: file({
      value: "FILE",
      help:
        "write all rounds, the machine and the settings to this file; it must lie in this folder",
      dash: false,
    }),
    plot: file({
      value: "FILE.svg",
      help:
        "draw round trip and throughput against the size into this file; it must lie in this folder",
      dash: false,
      ending: ".svg",
    }),
  },
  examples: [
    "deno task bench --quick",
    "deno task bench --via=fifo,shm --wait=block --size=8,1024 --seconds=0.2",
    "deno task bench --via=shm --wait=block --size=8 --capacity=256",
    "deno task bench --json=bench.json --plot=bench.svg",
  ],
  check({ via, waits, sizes, quick, json, plot, ...options }, written) {
    if (quick && written.has("seconds")) {
      written.refuse("seconds", "left out with --quick, which has its own");
    }
    const all = via.includes("all");
    if (all && via.length > 1) {
      written.refuse("via", `${VIA_ALLOWED} with commas between`);
    }
    if (options.server !== undefined && !via.some(isAtServer) && !all) {
      written.refuse("server", `left out with --via=${via}`);
    }
    if (plot !== undefined && plot === json) {
      written.refuse("plot", "another file than that of --json");
    }
    return {
      ...options,
      json,
      plot,
      /** The mechanisms' names. */
      via: all ? MECHANISM_NAMES : unique(via),
      /** Were they asked for by name? Then each of them must be available. */
      named: !all,
      waits: unique(waits),
      /** Bytes of a message. */
      sizes: unique(sizes).sort((a, b) => a - b),
      quick,
      /** What `--quick` leaves out, in words. */
      leftOut: quick ? leftOutByQuick(written) : [],
      /** No round begins that would end later than this after the start. */
      atMostSeconds: quick ? 50 : Infinity,
    };
  },
});

/** Makes the page of figures. */
export const PERFORMANCE = defineCommand({
  name: "performance",
  about: "Makes docs/performance.md and its plots from docs/performance.json.",
  flags: {
    measure: toggle(
      "measure first: about twelve minutes, on a machine that does nothing else",
    ),
    runs: integer({
      value: "N",
      help: "how often all is measured; the page shows the best and the worst",
      default: 3,
      min: 1,
      max: 100,
    }),
    seconds: decimal({
      value: "SECONDS",
      help: "how long each figure is measured in a run, all rounds together",
      default: 0.25,
      min: 0.01,
      max: 3600,
    }),
    rounds: integer({
      value: "N",
      help: "how many rounds a run has; its figures are the medians",
      default: 3,
      min: 1,
      max: 1000,
    }),
    lines: integer({
      value: "N",
      help: "how many numbered lines go through the FIFO",
      default: 10_000_000,
      min: 1,
    }),
    folder: file({
      value: "FOLDER",
      help: "where the three kinds of files lie",
      default: "docs",
      dash: false,
    }),
  },
  examples: ["deno task performance", "deno task performance --measure"],
  check(options, written) {
    const ofRuns = ["runs", "seconds", "rounds", "lines"];
    for (const flag of options.measure ? [] : ofRuns.filter(written.has)) {
      written.refuse(flag, "left out without --measure");
    }
    return options;
  },
});

/** What to measure for the page, and where it lies. */
export type PerformanceOptions = OptionsFor<typeof PERFORMANCE>;

function leftOutByQuick(written: Written): string[] {
  const quickSizes = QUICK_SIZES.split(",");
  const sizes = SIZES.split(",").filter((size) => !quickSizes.includes(size));
  return [
    ...written.has("size") ? [] : [`${sizes.join(" and ")} bytes: --quick`],
    ...written.has("rounds")
      ? []
      : [`${ROUNDS - QUICK_ROUNDS} of ${ROUNDS} rounds: --quick`],
  ];
}

function isAtServer(via: string): boolean {
  return MECHANISMS.some(({ name, at }) => name === via && at !== undefined);
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** What to measure, how long, and where to write it. */
export type BenchOptions = OptionsFor<typeof BENCH>;
