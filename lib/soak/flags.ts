/**
 * The flags of the soak.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import { file, integer, list } from "../cli/flag.ts";
import { MECHANISMS } from "../mechanism/mod.ts";

// Kills over a network are counted by a program of their own: the server can
// be killed, too, and it only knows in time who has died.
const NAMES = MECHANISMS
  .filter(({ properties }) => properties.settles === "at once")
  .map(({ name }) => name);
const VIA_ALLOWED = `all, or some of ${NAMES.join(", ")}`;
/** The largest seed: an unsigned 32-bit number. */
const LARGEST_SEED = 2 ** 32 - 1;

/** Kills processes at random moments, and accounts for every value. */
export const SOAK = defineCommand({
  name: "soak",
  about: "Kills processes at random moments, and accounts for every value.",
  flags: {
    via: list({
      value: "LIST",
      help: "the mechanisms to kill over, with commas between them",
      default: "all",
      of: ["all", ...NAMES],
      allowed: VIA_ALLOWED,
      item: (text) => ["all", ...NAMES].find((name) => name === text),
    }),
    kills: integer({
      value: "N",
      help: "how often kill -9 ends a process, over each mechanism",
      default: 100,
    }),
    interrupts: integer({
      value: "N",
      help: "how often Ctrl-C ends each command, at random moments",
      default: 0,
    }),
    seed: integer({
      value: "N",
      help: "what the random choices start from",
      otherwise: "another one each time",
      max: LARGEST_SEED,
    }),
    json: file({
      value: "FILE",
      help: "write all counts to this file; it must lie in this folder",
      dash: false,
    }),
  },
  examples: [
    "deno task soak",
    "deno task soak --via=fifo,shm --kills=1000 --json=run/soak.json",
    "deno task soak --kills=0 --interrupts=200",
  ],
  check({ via, seed, ...options }, written) {
    if (options.kills === 0 && written.has("via")) {
      written.refuse(
        "via",
        "left out with --kills=0, as Ctrl-C is for all commands",
      );
    }
    const all = via.includes("all");
    if (all && via.length > 1) {
      written.refuse("via", `${VIA_ALLOWED} with commas between`);
    }
    return {
      ...options,
      /** The mechanisms' names. */
      via: all ? NAMES : [...new Set(via)],
      /** Were they asked for by name? Then each of them must be available. */
      named: !all,
      seed: seed ?? crypto.getRandomValues(new Uint32Array(1))[0],
    };
  },
});

/** What to kill, how often, and where to write the counts. */
export type SoakOptions = OptionsFor<typeof SOAK>;
