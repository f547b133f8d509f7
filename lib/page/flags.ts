/**
 * The flags of the page.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import { integer } from "../cli/flag.ts";
import { SERVER_FLAG } from "../lab/channel_flags.ts";

/** The live page. */
export const PAGE = defineCommand({
  name: "page",
  about: "The live page: shows and controls a run, or plays a recording.",
  operands: "[FILE] [-- PROGRAM ...]",
  flags: {
    port: integer({
      value: "N",
      help: "the port on 127.0.0.1; 0: one that the kernel chooses",
      default: 8000,
      max: 65_535,
    }),
    server: {
      ...SERVER_FLAG,
      help:
        "the NATS server of runs over nats, which the page offers if it answers",
    },
  },
  examples: [
    "deno task page",
    "deno task page run/lab.jsonl                 # plays a recording",
    "deno task page -- python3 lab3.py            # watches a program",
  ],
});

/** What the page can be told. */
export type PageOptions = OptionsFor<typeof PAGE>;
