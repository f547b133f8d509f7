/**
 * The flags of the NATS server that the lab starts.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import { integer, text } from "../cli/flag.ts";

/** The address that no other machine reaches. */
export const THIS_MACHINE = "127.0.0.1";

/** Starts a NATS server. */
export const NATS = defineCommand({
  name: "nats",
  about: "Starts a NATS server with JetStream, for --via=nats.",
  flags: {
    listen: text({
      value: "ADDRESS",
      help:
        "the address of this machine to listen at; all but the default need a NATS_TOKEN, which the others then set too",
      default: THIS_MACHINE,
      pattern: /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]+)$/,
      allowed: "an IP address, such as 10.0.0.7; 0.0.0.0 for all of them",
    }),
    port: integer({
      value: "N",
      help: "the TCP port",
      default: 4222,
      min: 1,
      max: 65_535,
    }),
  },
  examples: [
    "deno task nats                       # beside: deno task lab --via=nats",
    "NATS_TOKEN=... deno task nats --listen=0.0.0.0",
  ],
});

/** Where the server listens. */
export type NatsOptions = OptionsFor<typeof NATS>;
