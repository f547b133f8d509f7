/**
 * The flags of scale.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import { integer, list } from "../cli/flag.ts";
import { SERVER_FLAG } from "../lab/channel_flags.ts";
import { mechanismNamed } from "../mechanism/mod.ts";

const MOST_ENDS = 64;
const MOST_BYTES = 65_536;
const SMALLEST_BYTES = 8; // the producer's number and the record's

/** Reads a number of a list, from `least` to `most`. */
const between = (least: number, most: number) => (text: string) =>
  /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= most
    ? Number(text)
    : undefined;

/** Measures how a NATS server's throughput grows. */
export const SCALE = defineCommand({
  name: "scale",
  about: "Measures one mailbox of a NATS server with more and more processes.",
  flags: {
    server: SERVER_FLAG,
    ends: list({
      value: "N,N,...",
      help: "how many producers, and as many consumers",
      default: "1,2,4,8",
      allowed: `numbers from 1 to ${MOST_ENDS}`,
      item: between(1, MOST_ENDS),
    }),
    size: list({
      value: "N,N,...",
      help: "bytes of a message",
      default: "8,1024,65536",
      option: "sizes",
      allowed: `numbers from ${SMALLEST_BYTES} to ${MOST_BYTES}`,
      item: between(SMALLEST_BYTES, MOST_BYTES),
    }),
    replicas: integer({
      value: "N",
      help: "how many servers of a cluster keep the mailbox",
      default: 1,
      min: 1,
      max: 5, // JetStream's limit
    }),
    count: integer({
      value: "N",
      help: "how many messages, all producers together",
      default: 8000,
      min: 1,
    }),
  },
  examples: [
    "deno task scale                              # beside: deno task nats",
  ],
  check({ server, ...options }, written) {
    const most = Math.max(...options.ends);
    if (options.count < most) {
      const why = `one for each of the ${most} producers of --ends`;
      written.refuse("count", `at least ${most}, ${why}`);
    }
    const nats = mechanismNamed("nats");
    const mechanism = server === undefined ? nats : nats.at?.(server) ?? nats;
    return { ...options, mechanism };
  },
});

/** What to measure, and where. */
export type ScaleOptions = OptionsFor<typeof SCALE>;
