/**
 * The flags of all commands, read and checked once.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { readSettings, type Settings } from "../bench/settings.ts";
import { type Mechanism, NAME } from "../channel/mod.ts";
import { parseDuration } from "../wait/duration.ts";
import { UsageError } from "../error.ts";
import { FORMAT_NAMES, type FormatName } from "../message/format_names.ts";
import { MECHANISMS } from "../mechanism/mod.ts";
import { type Lock, LOCKS } from "../race/writer.ts";
import { WAYS } from "../wait/mod.ts";
import {
  type Command,
  type FlagName,
  FLAGS,
  isFlag,
  knows,
  NAMES,
  SERVICE,
} from "./flags.ts";

/** The most numbers that one request may ask for. */
export const MAX_RANGE = 1_000_000;

const NAMES_ARE = "1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot";

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
  /** What the benchmark's flags say; for the other commands, what they would. */
  bench: Settings;
  log: "lab" | "json";
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
    alias: { help: "h" },
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

function check(flags: Map<FlagName, string>, command: Command): Options {
  const refuse = (flag: FlagName, allowed: string): never => {
    const value = flags.get(flag) ?? "";
    throw new UsageError(
      `Cannot use --${flag}=${value}: it must be ${allowed}`,
    );
  };
  // The benchmark's --via and --wait are lists, and so are read there.
  const benchmark = command === "bench";
  const bench = readSettings(benchmark ? flags : new Map(), refuse);
  const given = benchmark
    ? new Map([...flags].filter(([flag]) => flag !== "via" && flag !== "wait"))
    : flags;
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

  const formats = Object.keys(FORMAT_NAMES) as FormatName[];
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
    format: oneOf("format", formats, sync ? "header" : "line"),
    capacity: given.has("capacity") && !zero
      ? integer("capacity", 1, 1, most)
      : undefined,
    quiet,
    workers,
    // All together must fit in the 32 bits of the memory location.
    times: integer("times", 1_000_000, 1, Math.floor((2 ** 31 - 1) / workers)),
    lock: oneOf("lock", [...LOCKS, "all"], "all"),
    bench,
    log: oneOf("log", ["lab", "json"], "lab"),
    verbose: given.has("verbose"),
    help: given.has("help"),
  };
}

/** What `--via` may be. */
export function mechanismsOf(command: Command): readonly Mechanism[] {
  return MECHANISMS.filter(({ name, properties }) => {
    if (SERVICE.includes(command)) return properties.openedBy === "name";
    if (command === "race") return name === "workers" || name === "shm";
    // Workers live in one process: that must start both.
    return ["lab", "bench", "mechanisms"].includes(command) ||
      properties.processes === "many";
  });
}
