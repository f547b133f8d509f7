/**
 * What a flag is, and the type of the options that follows from the flags.
 *
 * @module
 */

/** How a flag with a value describes itself. */
export interface About {
  /** The `N` of `--count=N` in the help. */
  readonly value: string;
  /** One line for the help, without the default. */
  readonly help: string;
  /** The default, as a user would write it after `--flag=`. */
  readonly default?: string | number;
  /** Other defaults if other arguments are given: `{ "--quiet": 0 }`. */
  readonly with?: Readonly<Record<string, string | number>>;
  /** What happens without the flag, in words, if there is no default. */
  readonly otherwise?: string;
  /** The option's name. @default the flag's in camelCase */
  readonly option?: string;
  /** Explains the values in the help, below the flags. */
  readonly table?: Table;
}

/** A table in the help: a title and rows of two columns. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly [left: string, right: string])[];
}

/** Ends the reading of a value; `allowed` completes "it must be ...". */
export type Refuse = (allowed: string) => never;

/** Reads and checks the value of a flag. */
export interface Reads<Value> {
  read(text: string, refuse: Refuse): Value;
}

/** A flag. One without a value is a switch. */
export type Flag =
  & Pick<About, "help">
  & Partial<About & Reads<unknown>>;

/** Flags by name, without the dashes, in the order of the help. */
export type Flags = Readonly<Record<string, Flag>>;

/** `until-end` becomes `untilEnd`. */
type CamelCase<Name> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type OptionName<Name, F> = F extends { option: infer Other extends string }
  ? Other
  : CamelCase<Name>;

type OptionValue<F> = F extends Reads<infer Value>
  ? F extends { default: unknown } ? Value : Value | undefined
  : boolean;

/** The flags without a default, whose option may be missing. */
type Optional<F extends Flags> = {
  [Name in keyof F]: undefined extends OptionValue<F[Name]> ? Name : never;
}[keyof F];

/**
 * The options that follow from flags: names in camelCase, values as they were
 * read.
 */
export type OptionsOf<F extends Flags> =
  & {
    [Name in Exclude<keyof F, Optional<F>> as OptionName<Name, F[Name]>]:
      OptionValue<F[Name]>;
  }
  & {
    [Name in Optional<F> as OptionName<Name, F[Name]>]?: OptionValue<F[Name]>;
  };

/** The option's name: the type {@linkcode OptionsOf} says the same. */
export function optionName(name: string, { option }: Flag): string {
  return option ?? name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}
