/**
 * The flags that every command with a channel has, the service's commands too.
 *
 * @module
 */
import { type Mechanism, NAME } from "../channel/mod.ts";
import { duration, named, text, toggle } from "../cli/flag.ts";
import { MECHANISMS } from "../mechanism/mod.ts";

/** What {@linkcode NAME} allows, in words. */
export const NAMES_ARE =
  "1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot";

/** How many characters a name has at most. */
export const MAX_NAME = 64;
/** How many characters make a mailbox's name unique: a dot and eight others. */
export const UNIQUE_LENGTH = 9;

/** The mechanisms that join two tasks: all but `workers`, which run in one. */
export const BETWEEN_TASKS: readonly Mechanism[] = MECHANISMS.filter((
  { properties },
) => properties.processes === "many");

/** `--via`: one of these mechanisms. */
export const viaFlag = (of: readonly Mechanism[]) =>
  named({
    value: "MECHANISM",
    help: "how to communicate",
    default: "fifo",
    option: "mechanism",
    of,
    title: "Mechanisms",
  });

/** `--name`: the channel's name. */
export const nameFlag = (help: string, usual: string) =>
  text({
    value: "NAME",
    help,
    default: usual,
    pattern: NAME,
    allowed: NAMES_ARE,
  });

/** `--retry`. */
export const RETRY = duration({
  help: "the sleep before looking again",
  default: "1s",
  minMs: 1,
});

/** `--calls`. */
export const CALLS = toggle(
  "a DEBUG line for each call of the C library that touches the channel",
);
