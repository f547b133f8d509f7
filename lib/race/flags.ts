/**
 * The flags of the race.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import { choice, integer, wholeNumber } from "../cli/flag.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import { LOCKS } from "./writer.ts";

/** The largest value of the memory location, a signed 32-bit word. */
const LARGEST = 2 ** 31 - 1;

/**
 * How many increments each writer makes without `--times`. Two writers that share
 * a processor take turns of a few ms, and lose updates only where a turn ends
 * between load and store. So the race must last for many turns. On a busy machine
 * with 2 processors, 5 million increments (9 ms) lost none in 1 of 13 runs, 10
 * million in 1 of 100, and 50 million in 1 of 1200: probably one writer had to
 * wait for a processor as long as the other one ran. With a lock no update is
 * lost, and fewer increments are enough to measure them.
 */
const DEFAULT_TIMES = { none: 100_000_000, locked: 2_000_000 };

/** Several writers at one memory location. */
export const RACE = defineCommand({
  name: "race",
  about: "Several writers increment one memory location at the same time.",
  flags: {
    via: choice({
      value: "MECHANISM",
      help: "workers of one process, or shm: processes that share a segment",
      default: "workers",
      of: ["shm", "workers"],
    }),
    workers: integer({
      value: "N",
      help: "how many writers increment at the same time",
      default: 2,
      option: "writers",
      min: 1,
      max: 64,
    }),
    times: integer({
      value: "N",
      help: "how many increments each writer makes",
      otherwise: `${DEFAULT_TIMES.none}; with a lock ${DEFAULT_TIMES.locked}`,
    }),
    lock: choice({
      value: "LOCK",
      help: "none, atomic, mutex, or all, one after the other",
      default: "all",
      of: [...LOCKS, "all"],
    }),
  },
  examples: [
    "deno task race",
    "deno task race --via=shm --workers=4 --times=100000 --lock=none",
  ],
  check({ via, times, ...options }, written) {
    const most = Math.floor(LARGEST / options.writers); // the sum must fit
    if (times !== undefined && (times < 1 || times > most)) {
      written.refuse("times", wholeNumber(1, most));
    }
    const locked = times ?? Math.min(DEFAULT_TIMES.locked, most);
    return {
      ...options,
      mechanism: mechanismNamed(via),
      /** How many increments each writer makes, with each lock. */
      times: {
        none: times ?? Math.min(DEFAULT_TIMES.none, most),
        atomic: locked,
        mutex: locked,
      },
    };
  },
});

/** What the race can be told. */
export type RaceOptions = OptionsFor<typeof RACE>;
