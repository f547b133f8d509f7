/**
 * The flags of every command that opens a channel, those of the service too.
 *
 * @module
 */
import { type Mechanism, NAME } from "../channel/mod.ts";
import { duration, named, text } from "../cli/flag.ts";
import { MECHANISMS } from "../mechanism/mod.ts";

/** The pattern of a name in words. */
export const NAMES_ARE =
  "1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot";

/** The longest name. */
export const MAX_NAME = 64;
/** A dot and eight characters that make a mailbox's name unique. */
export const UNIQUE_LENGTH = 9;

/** The mechanisms for two tasks; `workers` live in one, which starts both. */
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

/** `--name`: the channel's. */
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
