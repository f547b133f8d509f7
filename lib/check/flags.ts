/**
 * The flags of check.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import {
  choice,
  duration,
  file,
  integer,
  list,
  text,
  toggle,
} from "../cli/flag.ts";
import { nameFlag } from "../lab/channel_flags.ts";
import { SHEET } from "./evidence.ts";
import { FORMATS } from "./formats.ts";
import { RULES } from "./judge.ts";

const commandFlag = (help: string) =>
  text({ value: "COMMAND", help, pattern: /\S/, allowed: "a command" });

const POINTS = `${RULES.length} numbers from 0 to 1000`;

/** Judges a program. */
export const CHECK = defineCommand({
  name: "check",
  about:
    "Judges anybody's program, or a saved log (- for standard input), against the\n" +
    "lab sheet. " +
    "Exit code 3: inconclusive, as this machine was too busy.",
  operands: "[LOG] [-- PROGRAM ...]",
  flags: {
    producer: commandFlag("process 1, a program of its own; both orders run"),
    consumer: commandFlag("process 2, a program of its own"),
    side: choice({
      value: "SIDE",
      help: "PROGRAM is this side alone; ours is the other, over run/NAME.fifo",
      of: ["producer", "consumer"],
    }),
    name: nameFlag("the FIFO's name, with --side", "lab"),
    each: text({
      value: "PATTERN",
      help: "judge each file: --each='submissions/*/lab3.py'",
      pattern: /\S/,
      allowed: "a pattern of files",
    }),
    run: commandFlag("how to run each file, in its folder: --run='python3 {}'"),
    csv: file({
      value: "FILE",
      help: "also write a line for each program",
      dash: false,
    }),
    runs: integer({
      value: "N",
      help: "how often each program runs (each order)",
      default: 1,
      min: 1,
      max: 1000,
    }),
    strict: toggle("demand the sheet's own lines"),
    timeout: duration({
      help: "a run that takes longer is ended",
      default: "30s",
      minMs: 1,
    }),
    pause: duration({
      help: "how long the program's process 1 pauses",
      default: "5s",
    }),
    retry: duration({
      help: "how long its process 2 sleeps before it looks again",
      default: "1s",
      minMs: 1,
    }),
    count: integer({
      value: "N",
      help: "how many values it writes",
      default: SHEET.count,
      min: SHEET.pauseAfter + 1,
      max: 100,
    }),
    points: list({
      value: "N,N,...",
      help: "what each of the rules is worth",
      otherwise: RULES.map(({ points }) => points).join(","),
      allowed: POINTS,
      item: (text) =>
        /^\d{1,4}$/.test(text) && Number(text) <= 1000
          ? Number(text)
          : undefined,
    }),
    format: choice({
      value: "FORMAT",
      help: "text, json, junit, gradescope or github",
      default: "text",
      of: FORMATS,
    }),
    record: file({
      value: "DIR",
      help: "keep what was seen of each failing run in this folder",
      dash: false,
    }),
  },
  examples: [
    "deno task check -- python3 examples/sheet.py",
    "deno task check --producer='./p' --consumer='./c' --runs=5",
    "deno task check --each='submissions/*/lab3.py' --run='python3 {}'",
  ],
  check(options, written) {
    const { points = RULES.map(({ points }) => points) } = options;
    if (points.length !== RULES.length) written.refuse("points", POINTS);
    return { ...options, points };
  },
});

/** What check can be told. */
export type CheckOptions = OptionsFor<typeof CHECK>;
