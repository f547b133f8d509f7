/**
 * The flags of server and client.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import { choice, duration, integer } from "../cli/flag.ts";
import {
  atServer,
  CALLS,
  nameFlag,
  RETRY,
  SERVER_FLAG,
  viaFlag,
} from "../lab/channel_flags.ts";
import { MECHANISMS } from "../mechanism/mod.ts";
import { WAYS } from "../wait/mod.ts";

/** The most numbers that one request may ask for. */
export const MAX_RANGE = 1_000_000;

const CHANNEL = {
  // A client asks by name for a server, and the server by name for a client.
  via: viaFlag(
    MECHANISMS.filter(({ properties }) => properties.openedBy === "name"),
  ),
  server: SERVER_FLAG,
  name: nameFlag(
    "the channel's name; answers come on NAME.PID-...",
    "server",
  ),
};

const WAITING = {
  wait: choice({
    value: "WAY",
    help: "retry, block (the kernel wakes us) or spin",
    default: "block",
    of: WAYS,
  }),
  retry: RETRY,
  calls: CALLS,
};

/** The server. */
export const SERVER = defineCommand({
  name: "server",
  about: "The server: hands out sequence numbers, a range to each request.",
  flags: {
    ...CHANNEL,
    requests: integer({
      value: "K",
      help: "how many requests the server answers",
      otherwise: "no end",
      min: 1,
    }),
    ...WAITING,
  },
  examples: [
    "deno task server                             # beside: deno task client",
    "deno task server --via=queue --requests=10",
    "deno task server --via=socket",
  ],
  check: atServer,
});

/** The client. */
export const CLIENT = defineCommand({
  name: "client",
  about: "The client: asks the server for sequence numbers.",
  flags: {
    ...CHANNEL,
    count: integer({
      value: "N",
      help: "how many numbers one request asks for",
      default: 1,
      min: 1,
      max: MAX_RANGE,
    }),
    requests: integer({
      value: "K",
      help: "how many requests the client makes",
      default: 1,
      min: 1,
    }),
    ...WAITING,
    timeout: duration({
      help: "give up after so long without an answer; 0: never",
      default: "5s",
    }),
  },
  examples: [
    "deno task client --count=3                   # beside: deno task server",
    "deno task client --via=queue --count=3 --requests=5",
    "deno task client --via=socket",
  ],
  check: atServer,
});

/** What the server can be told. */
export type ServerOptions = OptionsFor<typeof SERVER>;
/** What the client can be told. */
export type ClientOptions = OptionsFor<typeof CLIENT>;
