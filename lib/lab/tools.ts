/**
 * The flags of remove and mechanisms: tools of the lab that move no values.
 *
 * @module
 */
import { defineCommand } from "../cli/define.ts";
import {
  atServer,
  BETWEEN_TASKS,
  nameFlag,
  SERVER_FLAG,
  viaFlag,
} from "./channel_flags.ts";

/** Removes a channel. */
export const REMOVE = defineCommand({
  name: "remove",
  about: "Removes what a channel has left behind, and says what was in it.",
  flags: {
    via: viaFlag(BETWEEN_TASKS),
    server: SERVER_FLAG,
    name: nameFlag("the channel's name, shared by both ends", "lab"),
  },
  examples: ["deno task remove --via=queue"],
  check: atServer,
});

/** Prints the table of mechanisms. */
export const MECHANISM_TABLE = defineCommand({
  name: "mechanisms",
  about: "Prints the table of what each mechanism is.",
  flags: {},
  examples: ["deno task mechanisms"],
});
