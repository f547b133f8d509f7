/**
 * Reads a command line, with the flags that its command declares.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../error.ts";
import type { Command } from "./define.ts";
import { didYouMean } from "./did_you_mean.ts";
import { type Flag, optionName } from "./option.ts";

/** What was read from a command line. */
export interface CommandLine<Options> {
  /** The options, all checked. Durations are in milliseconds. */
  options: Options;
  /** What follows the flags, if the command takes that. */
  operands: string[];
  /** What follows `--`: a program and its arguments. */
  program: string[];
  /**
   * The same flags for another command, as its arguments.
   *
   * @param without Flags to leave out.
   */
  argumentsFor(command: Command, without?: readonly string[]): string[];
}

/** The flags on the command line and their values; a switch has "". */
type Given = ReadonlyMap<string, string>;

/**
 * Reads and checks a command line.
 *
 * @throws {UsageError} In one line: the flag, the value, what is allowed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defineCommand } from "./define.ts";
 * import { duration } from "./flag.ts";
 *
 * const rest = defineCommand({
 *   name: "rest",
 *   about: "Sleeps.",
 *   flags: { pause: duration({ help: "how long", default: "5s" }) },
 *   examples: [],
 * });
 * assertEquals(readCommandLine(rest, []).options.pause, 5000);
 * assertEquals(readCommandLine(rest, ["--pause=1m"]).options.pause, 60_000);
 * ```
 */
export function readCommandLine<Options>(
  command: Command<Options>,
  args: string[],
): CommandLine<Options> {
  const { given, operands, program } = split(command, args);
  const written = [...given].map(([name, value]) =>
    command.flags[name].value === undefined ? `--${name}` : `--${name}=${value}`
  );
  const refuse = (name: string, allowed: string): never => {
    const value = given.get(name) ?? "";
    const flag = value === "" && command.flags[name].value === undefined
      ? `--${name}` // a switch
      : `--${name}=${value}`;
    throw new UsageError(`Cannot use ${flag}: it must be ${allowed}`);
  };
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(command.flags)) {
    const text = given.get(name) ?? defaultOf(flag, written);
    values[optionName(name, flag)] = flag.read === undefined
      ? given.has(name)
      : text === undefined
      ? undefined
      : flag.read(text, (allowed) => refuse(name, allowed));
  }
  return {
    options: command.options(values, {
      has: (name) => given.has(name),
      refuse,
    }),
    operands,
    program,
    argumentsFor: (other, without = []) =>
      [...given.keys()].flatMap((name, i) =>
        Object.hasOwn(other.flags, name) && !without.includes(name)
          ? written[i]
          : []
      ),
  };
}

/** The flag's default if those arguments are written, as text. */
function defaultOf(flag: Flag, written: readonly string[]): string | undefined {
  const beside = Object.entries(flag.with ?? {})
    .find(([argument]) => written.includes(argument));
  return (beside?.[1] ?? flag.default)?.toString();
}

/** Splits a command line. @throws {UsageError} If a flag is unknown. */
function split(
  { name, flags, operands }: Command,
  args: string[],
): { given: Given; operands: string[]; program: string[] } {
  const names = Object.keys(flags);
  const switches = names.filter((flag) => flags[flag].value === undefined);
  const parsed = parseArgs(args, {
    string: [...names.filter((flag) => !switches.includes(flag)), "_"],
    boolean: switches,
    alias: { help: "h" },
    "--": true,
    unknown(arg) {
      if (operands !== undefined && /^(-$|[^-])/.test(arg)) return true;
      const all = names.map((flag) => `--${flag}`).join(" ");
      const [word] = arg.replace(/^-+/, "").split("=");
      const meant = didYouMean(word, names, "--");
      const known = meant ? `has no such flag${meant}` : `knows ${all}`;
      throw new UsageError(`Cannot use ${arg}: ${name} ${known}`);
    },
  });
  const rest = parsed._.map(String);
  const program = Array.isArray(parsed["--"]) ? parsed["--"].map(String) : [];
  if (operands === undefined && rest.length + program.length > 0) {
    throw new UsageError(
      `Cannot use ${[...rest, ...program][0]}: ${name} takes flags alone`,
    );
  }
  for (const arg of args.slice(0, args.length - program.length)) {
    const [flag, value] = arg.replace(/^--/, "").split("=");
    if (switches.includes(flag) && value !== undefined) {
      throw new UsageError(`Cannot use ${arg}: --${flag} takes no value`);
    }
  }
  const given = new Map<string, string>();
  for (const flag of names) {
    const value = parsed[flag];
    if (typeof value === "string") given.set(flag, value);
    else if (value === true) given.set(flag, "");
  }
  return { given, operands: rest, program };
}
