/**
 * A record of the log as a line: the lab sheet's, in colours, or JSON.
 *
 * @module
 */
import { cyan, dim, green, magenta, red, yellow } from "@std/fmt/colors";
import type { LogRecord } from "@logtape/logtape";

/** `INFO:process1:Writing 1`; a control character is shown as `\\x1b`. */
export function labLine(record: LogRecord): string {
  const level = record.level.toUpperCase();
  return `${level}:${record.category[0]}:${printable(words(record))}`;
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
export function colouredLine(record: LogRecord): string {
  const [level, name, ...rest] = labLine(record).split(":");
  const text = rest.join(":");
  const paint = LEVELS[level] ?? ((text) => text);
  const paintName = NAMES[name] ?? magenta;
  return `${paint(level)}:${paintName(name)}:${paint(text)}`;
}

/** The same record as one line of JSON. */
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
