/**
 * The flags: their names, their words in the help, and who knows them.
 *
 * @module
 */

/** Which script is asking. */
export type Command =
  | "producer"
  | "consumer"
  | "lab"
  | "remove"
  | "race"
  | "bench"
  | "mechanisms"
  | "server"
  | "client";

/** The commands that move values. */
const MOVERS: Command[] = ["producer", "consumer", "lab"];

/** The commands of the service. */
export const SERVICE: Command[] = ["server", "client"];

/** One flag. */
export interface Flag {
  /** `NAME` in `--flag=NAME`; none: the flag is a switch. */
  value?: string;
  help: string;
  /** The words for server and client, where theirs differ. */
  service?: string;
  /** What the benchmark says instead. */
  bench?: { value: string; help: string };
  /** The words for the race. */
  race?: string;
  /** The commands that know it; none: all do. */
  only?: Command[];
}

/** Every flag. */
export const FLAGS = {
  via: {
    value: "MECHANISM",
    help: "how to communicate (fifo)",
    race: "workers of one process, or shm: processes on a segment (workers)",
    only: [...MOVERS, "remove", "race", "bench", ...SERVICE],
    bench: {
      value: "LIST",
      help: "which mechanisms, with commas between (all)",
    },
  },
  name: {
    value: "NAME",
    help: "the channel's name, shared by both ends (lab)",
    only: [...MOVERS, "remove", ...SERVICE],
    service: "the channel's name; each reply comes on NAME.PID (server)",
  },
  count: {
    value: "N",
    help: "how many values are written, and expected (10)",
    service: "how many numbers one request asks for (1)",
    only: [...MOVERS, "client"],
  },
  requests: {
    value: "K",
    help: "how many: the client makes (1), the server answers (no end)",
    only: SERVICE,
  },
  from: {
    value: "N",
    help: "the first value (1)",
    only: ["producer", "lab"],
  },
  as: {
    value: "PROCESS",
    help: "what this process is called; a consumer reads its own mailbox then",
    only: ["producer", "consumer"],
  },
  to: {
    value: "PROCESS",
    help: "send to the mailbox of the consumer called that (--as), not to all",
    only: ["producer"],
  },
  priority: {
    value: "N",
    help:
      "of every message; on the queue, higher overtakes; elsewhere no matter",
    only: ["producer", "lab"],
  },
  priorities: {
    value: "N,N,...",
    help: "the same, in turn: --priorities=0,5,9",
    only: ["producer", "lab"],
  },
  sync: {
    help: "a rendezvous: go on when process 2, with --format=header, took it",
    only: ["producer", "lab"],
  },
  "pause-every": {
    value: "N",
    help: "pause after every Nth value; 0 for never (6; with --quiet 0)",
    only: ["producer", "lab"],
  },
  pause: {
    value: "DURATION",
    help: "how long that pause is; 0 for none (5s)",
    only: ["producer", "lab"],
  },
  interval: {
    value: "DURATION",
    help: "sleep between two values; in the lab, the producer's (0)",
    only: MOVERS,
  },
  input: {
    value: "FILE",
    help:
      "send its lines instead of numbers, all of them; - for standard input",
    only: ["producer", "lab"],
  },
  output: {
    value: "FILE",
    help: "also write each body there, a line each; - for standard output",
    only: ["consumer", "lab"],
  },
  "until-end": {
    help: "read until every producer has closed, whatever the count",
    only: ["consumer", "lab"],
  },
  wait: {
    value: "WAY",
    help:
      "retry, block (the kernel wakes us) or spin (retry; with --quiet block)",
    service: "retry, block (the kernel wakes us) or spin (block)",
    bench: {
      value: "LIST",
      help: "block (the kernel wakes us), spin, or both (block,spin)",
    },
    only: [...MOVERS, ...SERVICE, "bench"],
  },
  retry: {
    value: "DURATION",
    help: "the sleep before looking again (1s)",
    only: [...MOVERS, ...SERVICE],
  },
  timeout: {
    value: "DURATION",
    help: "give up after that long without progress; 0 for never (60s)",
    service: "give up after that long without an answer; 0 for never (5s)",
    only: [...MOVERS, "client"],
  },
  format: {
    value: "FORMAT",
    help: "how a message lies on the wire, the same at both ends (line)",
    only: MOVERS,
  },
  capacity: {
    value: "N",
    help: "how many messages the buffer holds, where one can choose",
    only: MOVERS,
  },
  quiet: {
    help: "no line per value: a progress bar and a summary",
    only: MOVERS,
  },
  workers: {
    value: "N",
    help: "how many write at the same time (2)",
    only: ["race"],
  },
  times: {
    value: "N",
    help: "how many increments each of them makes (1000000)",
    only: ["race"],
  },
  lock: {
    value: "LOCK",
    help: "none, atomic, mutex, or all, one after the other (all)",
    only: ["race"],
  },
  size: {
    value: "LIST",
    help: "bytes of a message, multiples of 4 (8,100,1024,8192,65536)",
    only: ["bench"],
  },
  seconds: {
    value: "SECONDS",
    help: "how long each figure is measured, in all rounds together (1)",
    only: ["bench"],
  },
  quick: {
    help: "shorter and fewer rounds: everything within a minute",
    only: ["bench"],
  },
  json: {
    value: "FILE",
    help:
      "write every round, the machine and the settings there, in this folder",
    only: ["bench"],
  },
  plot: {
    value: "FILE.svg",
    help: "draw round trip and throughput against the size, in this folder",
    only: ["bench"],
  },
  log: { value: "FORMAT", help: "lab, or json: one object a line (lab)" },
  verbose: { help: "DEBUG lines too" },
  help: { help: "show this" },
} as const satisfies Record<string, Flag>;

/** The name of a flag, without its dashes. */
export type FlagName = keyof typeof FLAGS;

/** All flags, in the order of the help. */
export const NAMES: FlagName[] = Object.keys(FLAGS).filter(isFlag);

/** Is there such a flag? */
export function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}

/** Does the command know the flag? */
export function knows(command: Command, flag: FlagName): boolean {
  const { only }: Flag = FLAGS[flag];
  return only === undefined || only.includes(command);
}
