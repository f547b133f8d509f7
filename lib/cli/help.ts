/**
 * The text of `--help`.
 *
 * @module
 */
import type { Command } from "./define.ts";
import { DURATION } from "./flag.ts";
import type { Flag, Flags, Table } from "./option.ts";

const COLUMNS = 80;
const LEFT = 22; // columns of the left column
const INDENT = " ".repeat(LEFT + 3);

/** The text of `--help`, wrapped to 80 columns. */
export function help(
  { name, about, flags, operands, examples }: Command,
): string {
  const declared = Object.values(flags);
  const tables = declared.flatMap(({ table }) => table ?? []);
  const durations = declared.some(({ value }) => value === DURATION);
  return [
    about,
    "",
    `Usage: deno task ${name} [flags]${operands ? ` ${operands}` : ""}`,
    "",
    "Flags (default):",
    ...Object.entries(flags).flatMap(([name, flag]) =>
      row(
        flag.value === undefined ? `--${name}` : `--${name}=${flag.value}`,
        flag.help,
        defaultWords(flag, flags),
      )
    ),
    "",
    ...durations ? [`A ${DURATION} is 200ms, 5s or 1m.`, ""] : [],
    ...tables.flatMap(section),
    "Exit code: 0 all went through, 1 it did not, 2 the command line is wrong,",
    "130 on Ctrl-C.",
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

/** `(6; with --quiet 0)`, without arguments that this command does not have. */
function defaultWords(flag: Flag, flags: Flags): string[] {
  const others = Object.entries(flag.with ?? {})
    .filter(([argument]) => Object.hasOwn(flags, flagIn(argument)))
    .map(([argument, value]) => `with ${argument} ${value}`);
  const first = flag.default ?? flag.otherwise;
  return first === undefined ? [] : [`(${[first, ...others].join("; ")})`];
}

/** The flag's name in `--name` or `--name=value`. */
function flagIn(argument: string): string {
  return argument.replace(/^--/, "").replace(/=.*/, "");
}

function section({ title, rows }: Table): string[] {
  return [
    `${title}:`,
    ...rows.flatMap(([left, right]) => row(left, right)),
    "",
  ];
}

/** @param unbroken Words that stay on one line. */
function row(left: string, right: string, unbroken: string[] = []): string[] {
  const words = [...right.split(" "), ...unbroken];
  const [first, ...more] = wrap(words, COLUMNS - INDENT.length);
  return [
    `  ${left.padEnd(LEFT)} ${first}`,
    ...more.map((line) => INDENT + line),
  ];
}

/** Joins words to lines of at most `columns` characters. */
export function wrap(words: string[], columns: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const longer = [...lines.slice(-1), word].join(" ");
    if (lines.length > 0 && longer.length <= columns) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
