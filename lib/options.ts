/**
 * The flags that producer, consumer and lab share, read and checked once.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Mechanism, NAME } from "./channel.ts";
import { parseDuration } from "./duration.ts";
import { UsageError } from "./error.ts";
import { type FormatName, FORMATS } from "./format/mod.ts";
import { LOG_FORMATS } from "./log.ts";
import { MECHANISMS } from "./mechanism/mod.ts";
import { type Lock, LOCKS } from "./race_writer.ts";
import { WAYS } from "./wait.ts";

/** The most numbers that one request may ask for. */
export const MAX_RANGE = 1_000_000;

/** Which script is asking. */
export type Command =
  | "producer"
  | "consumer"
  | "lab"
  | "remove"
  | "race"
  | "server"
  | "client";

const NAMES_ARE = "1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot";

/** The commands that move values. */
const MOVERS: Command[] = ["producer", "consumer", "lab"];

/** The commands of the service. */
const SERVICE: Command[] = ["server", "client"];

/** The mechanisms that it can use: a reply channel is found by its name. */
const SERVED = MECHANISMS.filter(({ properties }) =>
  properties.openedBy === "name"
);

interface Flag {
  /** `NAME` in `--flag=NAME`; none: the flag is a switch. */
  value?: string;
  help: string;
  /** The words for server and client, where theirs differ. */
  service?: string;
  /** The commands that know it; none: all do. */
  only?: Command[];
}

const FLAGS = {
  via: { value: "MECHANISM", help: "how to communicate (fifo; race: workers)" },
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
    help: "a rendezvous: go on when process 2 has taken it (--format=header)",
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
    only: [...MOVERS, ...SERVICE],
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
    help: "how a message lies on the wire (line)",
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
  log: { value: "FORMAT", help: "lab, or json: one object a line (lab)" },
  verbose: { help: "DEBUG lines too" },
  help: { help: "show this" },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

const NAMES = Object.keys(FLAGS).filter(isFlag);

function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}

function knows(command: Command, flag: FlagName): boolean {
  const { only }: Flag = FLAGS[flag];
  return only === undefined || only.includes(command);
}

/** All flags, checked. Durations are in milliseconds. */
export interface Options {
  mechanism: Mechanism;
  name: string;
  count: number;
  /** How many requests the client makes, or the server answers. */
  requests?: number;
  from: number;
  /** What the process is called, if it was said. */
  as?: string;
  to?: string;
  /** In turn; none: 0 for all. */
  priorities?: number[];
  sync: boolean;
  pauseEvery: number;
  pause: number;
  interval: number;
  input?: string;
  output?: string;
  untilEnd: boolean;
  wait: typeof WAYS[number];
  retry: number;
  timeout: number;
  format: FormatName;
  capacity?: number;
  quiet: boolean;
  workers: number;
  times: number;
  lock: Lock | "all";
  log: typeof LOG_FORMATS[number];
  verbose: boolean;
  help: boolean;
}

/** A command line that was read. */
export interface CommandLine {
  options: Options;
  /** The same flags for another command, as its arguments. */
  argumentsFor(command: Command): string[];
}

/**
 * Reads and checks a command line.
 *
 * @throws {UsageError} In one line: the flag, the value, what is allowed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { options } = readCommandLine("producer", ["--count=3", "--pause=200ms"]);
 * assertEquals([options.count, options.pause], [3, 200]);
 * ```
 */
export function readCommandLine(
  command: Command,
  args: string[],
): CommandLine {
  const mine = NAMES.filter((flag) => knows(command, flag));
  const takesValue = (flag: FlagName) => "value" in FLAGS[flag];
  const parsed = parseArgs(args, {
    string: mine.filter(takesValue),
    boolean: mine.filter((flag) => !takesValue(flag)),
    unknown(arg) {
      throw new UsageError(
        `Cannot use ${arg}: ${command} knows ${
          mine.map((flag) => `--${flag}`).join(" ")
        }`,
      );
    },
  });
  if (parsed._.length > 0) {
    throw new UsageError(
      `Cannot use ${parsed._[0]}: ${command} takes flags alone`,
    );
  }
  const given = new Map<FlagName, string>();
  for (const flag of mine) {
    const value = parsed[flag];
    if (typeof value === "string") given.set(flag, value);
    else if (value === true) given.set(flag, "");
  }
  for (const arg of args) {
    const [flag, value] = arg.replace(/^--/, "").split("=");
    if (isFlag(flag) && !takesValue(flag) && value !== undefined) {
      throw new UsageError(`Cannot use ${arg}: --${flag} takes no value`);
    }
  }
  return {
    options: check(given, command),
    argumentsFor: (other) =>
      [...given].filter(([flag]) =>
        // In the lab the interval is the producer's.
        knows(other, flag) && !(other === "consumer" && flag === "interval")
      ).map(([flag, value]) =>
        takesValue(flag) ? `--${flag}=${value}` : `--${flag}`
      ),
  };
}

function check(given: Map<FlagName, string>, command: Command): Options {
  const refuse = (flag: FlagName, allowed: string): never => {
    const value = given.get(flag) ?? "";
    throw new UsageError(
      `Cannot use --${flag}=${value}: it must be ${allowed}`,
    );
  };
  const integer = (
    flag: FlagName,
    or: number,
    min = 0,
    max = Number.MAX_SAFE_INTEGER,
  ) => {
    const text = given.get(flag);
    if (text === undefined) return or;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max
      ? value
      : refuse(flag, `a whole number from ${min} to ${max}`);
  };
  const duration = (flag: FlagName, or: number, min = 0) => {
    const text = given.get(flag);
    if (text === undefined) return or;
    const value = parseDuration(text);
    if (value === undefined) {
      return refuse(flag, "a duration such as 200ms, 5s or 1m, up to 35000m");
    }
    return value >= min ? value : refuse(flag, `at least ${min}ms`);
  };
  const oneOf = <T extends string>(
    flag: FlagName,
    all: readonly T[],
    or: T,
  ) => {
    const text = given.get(flag) ?? or;
    return all.find((choice) => choice === text) ??
      refuse(flag, `one of ${all.join(", ")}`);
  };
  const file = (flag: FlagName) =>
    given.get(flag) === "" ? refuse(flag, "a file, or -") : given.get(flag);

  const choices = mechanismsOf(command);
  const usual = command === "race" ? "workers" : "fifo";
  const via = oneOf("via", choices.map(({ name }) => name), usual);
  const mechanism = choices.find(({ name }) => name === via) ??
    refuse("via", "a mechanism");
  const service = SERVICE.includes(command);
  const name = given.get("name") ?? (service ? "server" : "lab");
  if (!NAME.test(name)) refuse("name", NAMES_ARE);
  const process = (flag: "as" | "to") => {
    const text = given.get(flag);
    return text === undefined || NAME.test(`${name}.${text}`) && text !== ""
      ? text
      : refuse(flag, NAMES_ARE);
  };
  const priority = given.has("priority")
    ? [integer("priority", 0, 0, 32_767)]
    : undefined;
  const priorities = given.get("priorities")?.split(",").map((text) =>
    /^\d{1,5}$/.test(text) && Number(text) <= 32_767
      ? Number(text)
      : refuse("priorities", "numbers from 0 to 32767 with commas between")
  );
  const { capacity, openedBy } = mechanism.properties;
  const zero = given.get("capacity") === "0"; // no buffer: a rendezvous
  const sync = given.has("sync") || zero;
  if (sync && openedBy !== "name") {
    refuse(
      zero ? "capacity" : "sync",
      `left out with --via=${via}: nobody could say over it that he took it`,
    );
  }
  if (sync && given.get("format") === "line") {
    refuse("format", "header with --sync, for a line has no Reply-To");
  }
  if (
    given.has("capacity") && !zero &&
    !("chosen" in capacity && capacity.chosen)
  ) {
    refuse(
      "capacity",
      `left out with --via=${via}: ${
        "bytes" in capacity
          ? `the kernel's buffer holds ${capacity.bytes} bytes`
          : `its buffer holds ${capacity.messages} messages`
      }`,
    );
  }
  const most = "most" in capacity ? capacity.most : undefined;
  const quiet = given.has("quiet");
  const count = service
    ? integer("count", 1, 1, MAX_RANGE)
    : integer("count", 10);
  const input = file("input");
  const workers = integer("workers", 2, 1, 64);
  return {
    mechanism,
    name,
    count,
    as: process("as"),
    to: process("to"),
    priorities: priorities ?? priority,
    sync,
    requests: given.has("requests") ? integer("requests", 1, 1) : undefined,
    from: integer("from", 1, 0, Number.MAX_SAFE_INTEGER - count),
    // To be quiet is to be in a hurry: no pauses, and no sleep before a retry.
    pauseEvery: integer("pause-every", quiet ? 0 : 6),
    pause: duration("pause", 5000),
    interval: duration("interval", 0),
    input,
    output: file("output"),
    untilEnd: given.has("until-end"),
    wait: oneOf("wait", WAYS, quiet || service ? "block" : "retry"),
    retry: duration("retry", 1000, 1),
    timeout: duration("timeout", service ? 5000 : 60_000),
    format: oneOf("format", ["line", "header"], sync ? "header" : "line"),
    capacity: given.has("capacity") && !zero
      ? integer("capacity", 1, 1, most)
      : undefined,
    quiet,
    workers,
    // All together must fit in the 32 bits of the memory location.
    times: integer("times", 1_000_000, 1, Math.floor((2 ** 31 - 1) / workers)),
    lock: oneOf("lock", [...LOCKS, "all"], "all"),
    log: oneOf("log", LOG_FORMATS, "lab"),
    verbose: given.has("verbose"),
    help: given.has("help"),
  };
}

/** What `--via` may be. */
function mechanismsOf(command: Command): readonly Mechanism[] {
  if (SERVICE.includes(command)) return SERVED;
  return MECHANISMS.filter(({ name, properties }) =>
    command === "race"
      ? name === "workers" || name === "shm"
      // Workers live in one process: only the lab can start both.
      : command === "lab" || properties.processes === "many"
  );
}

const ABOUT: Record<Command, string> = {
  producer: "Process 1: writes values into a channel.",
  consumer: "Process 2: reads values from a channel.",
  lab: "Parent, process 1 and process 2 in one shell: the lab sheet's run.",
  remove: "Removes what a channel has left behind, and says what was in it.",
  race: "Several writers increment one memory location at the same time.",
  server: "The server: hands out sequence numbers, a range to each request.",
  client: "The client: asks the server for sequence numbers.",
};

const EXAMPLES: Record<Command, string[]> = {
  producer: [
    "deno task producer                           # beside: deno task consumer",
    "seq 1 1000000 | deno task producer --input=- --quiet",
  ],
  consumer: [
    "deno task consumer                           # beside: deno task producer",
    "deno task consumer --until-end --quiet --output=- > copy.txt",
  ],
  lab: [
    "deno task lab",
    "deno task lab --via=workers --pause=1s --retry=200ms",
  ],
  remove: ["deno task remove --via=queue"],
  race: [
    "deno task race",
    "deno task race --via=shm --workers=4 --times=100000 --lock=none",
  ],
  server: [
    "deno task server                             # beside: deno task client",
    "deno task server:ffi --via=queue --requests=10",
    "deno task server:socket --via=socket",
  ],
  client: [
    "deno task client --count=3                   # beside: deno task server",
    "deno task client:ffi --via=queue --count=3 --requests=5",
    "deno task client:socket --via=socket",
  ],
};

/** The text of `--help`. */
export function help(command: Command): string {
  const service = SERVICE.includes(command);
  const mechanisms = service ? SERVED : MECHANISMS;
  const formats = service ? [FORMATS.header] : Object.values(FORMATS);
  const row = (left: string, right: string) => `  ${left.padEnd(22)} ${right}`;
  const flags = NAMES.filter((flag) => knows(command, flag)).map((flag) => {
    const { value, help, service: theirs = help }: Flag = FLAGS[flag];
    return row(
      value ? `--${flag}=${value}` : `--${flag}`,
      service ? theirs : help,
    );
  });
  return [
    ABOUT[command],
    "",
    `Usage: deno task ${command} [flags]`,
    "",
    "Flags (what is taken without them):",
    ...flags,
    "",
    ...(command === "race"
      ? [
        "Mechanisms:",
        row("workers", "threads of one process, on a SharedArrayBuffer"),
        row("shm", "processes, on a segment of shared memory"),
        "",
      ]
      : [
        "A DURATION is 200ms, 5s or 1m.",
        "",
        "Mechanisms:",
        ...mechanisms.map(({ name, summary }) => row(name, summary)),
        "",
        "Formats:",
        ...formats.map(({ name, summary }) => row(name, summary)),
        "",
      ]),
    "Exit code: 0 all went through, 1 it did not, 2 the command line is wrong,",
    "130 on Ctrl-C.",
    "",
    "Examples:",
    ...EXAMPLES[command].map((example) => `  ${example}`),
    "",
  ].join("\n");
}
