/**
 * The flags that every command with a channel has, the service's commands too.
 *
 * @module
 */
import { type Mechanism, NAME } from "../channel/mod.ts";
import type { Written } from "../cli/define.ts";
import { duration, named, text, toggle } from "../cli/flag.ts";
import type { About, Reads } from "../cli/option.ts";
import { UsageError } from "../error.ts";
import { MECHANISMS } from "../mechanism/mod.ts";
import {
  DEFAULT_SERVER,
  parseServer,
  SERVERS_ARE,
} from "../mechanism/nats_url.ts";

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

/**
 * `--server`: the server of a mechanism that needs one. A command that has this
 * flag calls {@linkcode atServer} in its check.
 */
export const SERVER_FLAG: About & Reads<string> = {
  value: "URL",
  help: "with --via=nats: where its server is",
  otherwise: `NATS_URL, or ${DEFAULT_SERVER}`,
  read(text) {
    const { place, user, token } = parseServer(text) ?? {};
    if (place && user === undefined && token === undefined) return text;
    // What was written may be a password, so it is not shown.
    throw new UsageError(`Cannot use that --server: it must be ${SERVERS_ARE}`);
  },
};

/** The mechanism at the server that `--server` names. */
export function atServer<
  Options extends { mechanism: Mechanism; server?: string },
>(options: Options, written: Written): Options {
  const { mechanism, server } = options;
  if (server === undefined) return options;
  const { at, name } = mechanism;
  if (!at) written.refuse("server", `left out with --via=${name}`);
  return { ...options, mechanism: at(server) };
}

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
