/**
 * The flags of the benchmark, read and checked.
 *
 * @module
 */
import type { FlagName } from "../cli/flags.ts";
import { MECHANISMS } from "../mechanism/mod.ts";

/** What to measure, how long, and where to write it. */
export interface Settings {
  /** The mechanisms' names. */
  via: string[];
  /** Were they asked for by name? Then each must be there. */
  named: boolean;
  waits: ("block" | "spin")[];
  /** Bytes of a message. */
  sizes: number[];
  /** For each figure, in all its rounds together. */
  seconds: number;
  rounds: number;
  /** Seconds for all of it: no round begins that would take longer. */
  atMost: number;
  /** Files, if they were asked for. */
  json?: string;
  plot?: string;
}

const WAITS = ["block", "spin"] as const;
const SIZES = [8, 100, 1024, 8192, 65_536];
const SMALLEST = 8; // bytes; the messages are made of words of 4
const LARGEST = 1_048_576;

/**
 * Reads the flags that only the benchmark knows, and its lists.
 *
 * @param given Each flag and its value.
 * @param refuse Says what is allowed instead.
 */
export function readSettings(
  given: Map<FlagName, string>,
  refuse: (flag: FlagName, allowed: string) => never,
): Settings {
  const list = <T>(
    flag: FlagName,
    allowed: string,
    read: (text: string) => T | undefined,
    or: readonly T[] = [],
  ) => {
    const items = given.get(flag)?.split(",")
      .map((item) => read(item) ?? refuse(flag, allowed));
    return [...new Set(items ?? or)];
  };
  const file = (flag: FlagName) =>
    /^-?$/.test(given.get(flag) ?? "x")
      ? refuse(flag, "a file in this folder")
      : given.get(flag);

  const named = given.has("via") && given.get("via") !== "all";
  const names = MECHANISMS.map(({ name }) => name);
  const quick = given.has("quick");
  if (quick && given.has("seconds")) {
    refuse("seconds", "left out with --quick, which has its own");
  }
  const seconds = given.get("seconds") ?? (quick ? "0.15" : "1");
  if (
    !/^\d{1,4}(\.\d{1,6})?$/.test(seconds) ||
    Number(seconds) < 0.01 || Number(seconds) > 3600
  ) {
    refuse("seconds", "a number from 0.01 to 3600");
  }
  const [json, plot] = [file("json"), file("plot")];
  if (plot !== undefined && !plot.endsWith(".svg")) {
    refuse("plot", "a file that ends in .svg");
  }
  if (plot !== undefined && plot === json) {
    refuse("plot", "another file than that of --json");
  }
  return {
    via: named
      ? list(
        "via",
        `all, or some of ${names.join(", ")} with commas between`,
        (text) => names.find((name) => name === text),
      )
      : names,
    named,
    waits: list(
      "wait",
      `some of ${WAITS.join(", ")} with commas between`,
      (text) => WAITS.find((way) => way === text),
      WAITS,
    ),
    sizes: list(
      "size",
      `multiples of 4 from ${SMALLEST} to ${LARGEST} with commas between`,
      sizeOf,
      SIZES,
    ).sort((a, b) => a - b),
    seconds: Number(seconds),
    rounds: quick ? 3 : 5,
    atMost: quick ? 50 : Infinity,
    json,
    plot,
  };
}

function sizeOf(text: string): number | undefined {
  const size = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  const good = size >= SMALLEST && size <= LARGEST && size % 4 === 0;
  return good ? size : undefined;
}
