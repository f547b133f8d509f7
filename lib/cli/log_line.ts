/**
 * A record of the log as a line: the lab sheet's, in colours, or JSON.
 *
 * @module
 */
import { cyan, dim, green, magenta, red, yellow } from "@std/fmt/colors";
import type { LogRecord } from "@logtape/logtape";

/** What a line of the log says. */
export interface Line {
  /** In capitals: `INFO`. */
  level: string;
  /** The name in the middle. */
  logger: string;
  message: string;
}

/** A record as it is shown. */
export function lineOf(record: LogRecord): Line {
  const level = record.level.toUpperCase();
  return { level, logger: record.category[0], message: words(record) };
}

/** `INFO:process1:Writing 1`; a control character is shown as `\\x1b`. */
export function labLine({ level, logger, message }: Line): string {
  return `${level}:${logger}:${printable(message)}`;
}

const LEVELS: Record<string, (text: string) => string> = {
  DEBUG: dim,
  WARNING: yellow,
  ERROR: red,
};
const NAMES: Record<string, (text: string) => string> = {
  process1: cyan,
  process2: green,
};

/** The same line in colours, for a terminal. */
function colouredLine({ level, logger, message }: Line): string {
  const text = printable(message);
  const paint = LEVELS[level] ?? ((text) => text);
  const paintName = NAMES[logger] ?? magenta;
  return `${paint(level)}:${paintName(logger)}:${paint(text)}`;
}

/** The line for standard error: in colours, if that is a terminal. */
export function terminalLine(line: Line): string {
  const coloured = Deno.stderr.isTerminal() && !Deno.noColor;
  return coloured ? colouredLine(line) : labLine(line);
}

/** A record as one line of JSON. */
export function jsonLine(record: LogRecord): string {
  const { pid, text: _text, ...values } = record.properties;
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level.toUpperCase(),
    logger: record.category[0],
    pid,
    message: words(record),
    ...values,
  });
}

function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- it is there to find them
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, "0");
    return character === "\n" ? "\\n" : `\\x${code}`;
  });
}

function words(record: LogRecord): string {
  return record.message.join("");
}
