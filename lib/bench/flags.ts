/**
 * The flags of the benchmark.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import { decimal, file, list, toggle } from "../cli/flag.ts";
import { SERVER_FLAG } from "../lab/channel_flags.ts";
import { MECHANISMS } from "../mechanism/mod.ts";

const MECHANISM_NAMES = MECHANISMS.map(({ name }) => name);
const WAITS = ["block", "spin"] as const;
const SMALLEST_BYTES = 8; // two words of 4 bytes
const LARGEST_BYTES = 1_048_576;

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
      default: "8,100,1024,8192,65536",
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
    quick: toggle("fewer and shorter rounds: all of them within a minute"),
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
      rounds: quick ? 3 : 5,
      /** No round begins that would end later than this after the start. */
      atMostSeconds: quick ? 50 : Infinity,
    };
  },
});

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** What to measure, how long, and where to write it. */
export type BenchOptions = OptionsFor<typeof BENCH>;
