/**
 * How a command is declared.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import { choice, toggle } from "./flag.ts";
import type { Flags, OptionsOf } from "./option.ts";

/** The flags that every command has. */
const COMMON = {
  log: choice({
    value: "FORMAT",
    help: "lab, or json: one object a line",
    default: "lab",
    of: ["lab", "json"],
  }),
  verbose: toggle("DEBUG lines too"),
  help: toggle("show this"),
};

type Common = typeof COMMON;

/** The options that {@linkcode Command} must have to be run. */
export type CommonOptions = OptionsOf<Common> & {
  mechanism?: Mechanism;
  /** How long (ms) to wait without progress, for standard error too. */
  timeout?: number;
  /** Log each call of the C library? */
  calls?: boolean;
};

/** What the command line says, for rules across flags. */
export interface Written {
  /** Is the flag on the command line? If not, its option is the default. */
  has(flag: string): boolean;
  /**
   * Refuses the flag's value.
   *
   * @param allowed Completes "it must be ...".
   * @throws {UsageError} Always.
   */
  refuse(flag: string, allowed: string): never;
}

/** A command, as its help, README and its command line use it. */
export interface Command<Options = unknown> {
  /** As in `deno task NAME`. */
  readonly name: string;
  readonly about: string;
  readonly flags: Flags;
  /** What may follow the flags, as in `[FILE] [-- PROGRAM ...]`. */
  readonly operands?: string;
  readonly examples: readonly string[];
  /** Makes the options from the values of the flags, each already checked. */
  options(values: Record<string, unknown>, written: Written): Options;
}

/** The options of a command, such as `OptionsFor<typeof LAB>`. */
export type OptionsFor<C> = C extends Command<infer Options> ? Options : never;

interface Declaration<F extends Flags> {
  name: string;
  /** One sentence. */
  about: string;
  flags: F;
  /** What may follow the flags. @default nothing */
  operands?: string;
  /** Command lines of at most 78 characters. */
  examples: readonly string[];
}

interface Check<F extends Flags, Options> {
  /**
   * Applies the rules across flags.
   *
   * @returns The command's options.
   */
  check(options: OptionsOf<F & Common>, written: Written): Options;
}

/**
 * Declares a command. The type of its options follows from its flags, or from
 * what its `check` returns.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readCommandLine } from "./command_line.ts";
 * import { integer, toggle } from "./flag.ts";
 *
 * const greet = defineCommand({
 *   name: "greet",
 *   about: "Greets.",
 *   flags: {
 *     "how-often": integer({ value: "N", help: "how often", default: 2 }),
 *     loud: toggle("in capitals"),
 *   },
 *   examples: ["deno task greet --loud"],
 * });
 * const { options } = readCommandLine(greet, ["--loud"]);
 * const times: number = options.howOften;
 * const loud: boolean = options.loud;
 * assertEquals([times, loud], [2, true]);
 * ```
 */
export function defineCommand<const F extends Flags, Options>(
  declaration: Declaration<F> & Check<F, Options>,
): Command<Options>;
export function defineCommand<const F extends Flags>(
  declaration: Declaration<F>,
): Command<OptionsOf<F & Common>>;
export function defineCommand<const F extends Flags, Options>(
  { check, flags, ...rest }: Declaration<F> & Partial<Check<F, Options>>,
): Command<Options | OptionsOf<F & Common>> {
  return {
    ...rest,
    flags: { ...flags, ...COMMON },
    options(values, written) {
      // Each value was read by its own flag; TypeScript cannot see that here.
      const options = values as OptionsOf<F & Common>;
      return check ? check(options, written) : options;
    },
  };
}
