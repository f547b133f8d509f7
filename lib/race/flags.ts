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
      default: 1_000_000,
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
  check({ via, ...options }, written) {
    const { writers, times } = options;
    const most = Math.floor(LARGEST / writers); // the sum must fit
    if (times < 1 || times > most) {
      written.refuse("times", wholeNumber(1, most));
    }
    return { ...options, mechanism: mechanismNamed(via) };
  },
});

/** What the race can be told. */
export type RaceOptions = OptionsFor<typeof RACE>;
