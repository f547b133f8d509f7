/**
 * How a flag is declared: one call has the flag's value, default, check and
 * help, and the type of its option follows from that call.
 *
 * @module
 */
import { LONGEST_MINUTES, parseDuration } from "../wait/duration.ts";
import { didYouMean } from "./did_you_mean.ts";
import type { About, Reads, Table } from "./option.ts";

/** A switch: `--quiet`. */
export function toggle(help: string): { readonly help: string } {
  return { help };
}

/** The words for a whole number in a range. */
export function wholeNumber(min: number, max: number): string {
  return `a whole number from ${min} to ${max}`;
}

/** A range, both ends included. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A whole number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const count = integer({ value: "N", help: "how many", default: 10, min: 1 });
 * const refuse = (allowed: string): never => {
 *   throw new RangeError(allowed);
 * };
 * assertEquals(count.read("3", refuse), 3);
 * ```
 */
export function integer<const Spec extends About & Range>(
  spec: Spec,
): Spec & Reads<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  return {
    ...spec,
    read(text, refuse) {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max
        ? value
        : refuse(wholeNumber(min, max));
    },
  };
}

/** A number with up to six decimal places. */
export function decimal<const Spec extends About & Required<Range>>(
  spec: Spec,
): Spec & Reads<number> {
  const { min, max } = spec;
  return {
    ...spec,
    read(text, refuse) {
      const value = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max
        ? value
        : refuse(`a number from ${min} to ${max}`);
    },
  };
}

/** The `value` of a {@linkcode duration}; the help explains it. */
export const DURATION = "DURATION";

/** A duration such as `200ms`; the option and `minMs` are in milliseconds. */
export function duration<
  const Spec extends Omit<About, "value"> & { readonly minMs?: number },
>(spec: Spec): Spec & { readonly value: typeof DURATION } & Reads<number> {
  const { minMs = 0 } = spec;
  return {
    ...spec,
    value: DURATION,
    read(text, refuse) {
      const ms = parseDuration(text) ??
        refuse(
          `a duration such as 200ms, 5s or 1m, up to ${LONGEST_MINUTES}m`,
        );
      return ms >= minMs ? ms : refuse(`at least ${minMs}ms`);
    },
  };
}

/** One of several words. */
export function choice<const Word extends string, const Spec extends About>(
  spec: Spec & {
    readonly of: readonly Word[];
    readonly default?: NoInfer<Word>;
  },
): Spec & Reads<Word> {
  return {
    ...spec,
    read: (text, refuse) =>
      spec.of.find((word) => word === text) ?? refuse(oneOf(spec.of, text)),
  };
}

/** One of several things that have a name; the help lists them in a table. */
export function named<
  Thing extends { readonly name: string; readonly summary: string },
  const Spec extends About,
>(
  spec: Spec & {
    readonly of: readonly Thing[];
    /** The title of the table. */
    readonly title: string;
  },
): Spec & { readonly table: Table } & Reads<Thing> {
  const names = spec.of.map(({ name }) => name);
  return {
    ...spec,
    table: {
      title: spec.title,
      rows: spec.of.map(({ name, summary }) => [name, summary]),
    },
    read: (text, refuse) =>
      spec.of.find(({ name }) => name === text) ?? refuse(oneOf(names, text)),
  };
}

function oneOf(words: readonly string[], text: string): string {
  return `one of ${words.join(", ")}${didYouMean(text, words)}`;
}

/** Several items with commas between them. */
export function list<Item, const Spec extends About>(
  spec: Spec & {
    /** Completes "it must be ... with commas between". */
    readonly allowed: string;
    /** Reads one item; `undefined`: the text is not an item. */
    item(text: string): Item | undefined;
    /** The words that an item can be; "did you mean" suggests one of them. */
    readonly of?: readonly string[];
  },
): Spec & Reads<Item[]> {
  return {
    ...spec,
    read: (text, refuse) =>
      text.split(",").map((item) =>
        spec.item(item) ??
          refuse(
            `${spec.allowed} with commas between${
              didYouMean(item, spec.of ?? [])
            }`,
          )
      ),
  };
}

/** Any text that the pattern allows. */
export function text<
  const Spec extends About & {
    readonly pattern: RegExp;
    /** The pattern in words. */
    readonly allowed: string;
  },
>(spec: Spec): Spec & Reads<string> {
  return {
    ...spec,
    read: (text, refuse) =>
      spec.pattern.test(text) ? text : refuse(spec.allowed),
  };
}

/** A file. */
export function file<
  const Spec extends About & {
    /** May it be `-`, standard input or output? */
    readonly dash: boolean;
    /** What its name must end in. */
    readonly ending?: string;
  },
>(spec: Spec): Spec & Reads<string> {
  const { dash, ending = "" } = spec;
  return {
    ...spec,
    read(text, refuse) {
      if (text === "" || text === "-" && !dash) {
        refuse(dash ? "a file, or -" : "a file in this folder");
      }
      return text.endsWith(ending)
        ? text
        : refuse(`a file that ends in ${ending}`);
    },
  };
}
