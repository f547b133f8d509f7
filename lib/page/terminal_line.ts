/**
 * Reads the lines of anybody's program, which have the lab sheet's form but may
 * differ in it.
 *
 * @module
 */
import type { LogEntry } from "../observe/recording.ts";

const FORM = /^(DEBUG|INFO|WARNING|ERROR|CRITICAL):([^:]*):(.*)$/s;

/** What a line says, and which of its words is the value. */
const SAYS: readonly (readonly [RegExp, NonNullable<LogEntry["event"]>])[] = [
  [/^\s*pid\s*[:=]?\s*(\d+)/i, "start"],
  [/^\s*(?:writing|wrote|write|sent|sending|produced)\b:?\s*(.+)/i, "write"],
  [/^\s*(?:read|received|receiving|consumed|got)\b:?\s*(.+)/i, "read"],
  [/not available|retry|no data|empty/i, "retry"],
  [/buffer full|is full/i, "full"],
  [/sleeping/i, "pause"],
  [/finish|done|exit/i, "finish"],
];

// deno-lint-ignore no-control-regex -- terminals are controlled by them
const CONTROL = /\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]/g;

/** Reads the lines of one program, and learns whose Pid is which. */
export class TerminalLines {
  readonly #pids = new Map<string, number>();
  readonly #pid: number;

  /** @param pid Of the program. */
  constructor(pid: number) {
    this.#pid = pid;
  }

  /** A line as an entry of a recording. */
  read(line: string, time: string = new Date().toISOString()): LogEntry {
    const text = line.replace(CONTROL, "");
    const [, level = "TEXT", logger = "", message = text] = FORM.exec(text) ??
      [];
    let event: LogEntry["event"] = "text";
    let value: string | undefined;
    for (const [pattern, name] of SAYS) {
      const found = pattern.exec(message);
      if (!found) continue;
      [event, value] = [name, found[1]?.trim()];
      break;
    }
    if (event === "start" && value !== undefined) {
      this.#pids.set(logger, Number(value));
    }
    const pid = this.#pids.get(logger) ?? this.#pid;
    const entry = { time, level, logger, pid, message, event };
    return value === undefined ? entry : { ...entry, value };
  }
}
