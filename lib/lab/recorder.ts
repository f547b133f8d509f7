/**
 * Records a run of the lab: it takes the log of the parent and of its children,
 * shows each line as if nobody had taken it, and looks at the children.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import { type Line, terminalLine } from "../cli/log_line.ts";
import { startLog } from "../cli/log.ts";
import { writeError } from "../cli/standard_error.ts";
import { belongsTo } from "../observe/channel.ts";
import { perfettoTrace } from "../observe/perfetto.ts";
import {
  empty,
  type Entry,
  type LogEntry,
  openFile,
  Recording,
  sorted,
  writeAll,
} from "../observe/recording.ts";
import { Watcher } from "../observe/watcher.ts";
import type { LabOptions } from "./flags.ts";

/** How many entries are kept for Perfetto at most; later ones are left out. */
const MOST_ENTRIES = 1_000_000;

/** Records one run. */
export class Recorder implements Disposable {
  readonly #recording?: Recording;
  readonly #trace?: { path: string; file: Deno.FsFile };
  readonly #watcher: Watcher;
  readonly #json: boolean;
  #entries: Entry[] = []; // for Perfetto

  /** @returns `undefined`: nothing is to be recorded. */
  static of(options: LabOptions): Recorder | undefined {
    const { record, perfetto } = options;
    return record === undefined && perfetto === undefined
      ? undefined
      : new Recorder(options);
  }

  private constructor(options: LabOptions) {
    const { record, perfetto, mechanism, name, log, verbose, calls } = options;
    const title = `lab --via=${mechanism.name} --wait=${options.wait}`;
    this.#trace = perfetto === undefined
      ? undefined
      : { path: perfetto, file: openFile(perfetto) };
    this.#recording = record === undefined
      ? undefined
      : Recording.open(record, title);
    if (this.#trace) empty(this.#trace.file); // both are open now
    this.#json = log === "json";
    this.#watcher = new Watcher(
      (entry) => this.#add(entry),
      belongsTo(mechanism.name, name),
    );
    // The parent's own lines take the same way as the children's.
    const write = (line: string) => this.takeLine(line);
    startLog({ format: "json", verbose, calls, write });
  }

  /** A child has started. */
  started(pid: number, part: string, command: string): void {
    const logger = { producer: "process1", consumer: "process2" }[part] ?? part;
    const time = new Date().toISOString();
    this.#add({ time, event: "process", pid, logger, part, command });
    this.#watcher.add(pid);
  }

  /** A child has ended. @param how Such as `exit code 0`. */
  ended(pid: number, how: string): void {
    this.#watcher.remove(pid);
    this.#add({ time: new Date().toISOString(), event: "end", pid, how });
  }

  /** Takes the lines of a child's JSON log until its end. */
  async takeLines(pieces: AsyncIterable<Uint8Array>, pid: number) {
    const lines = ReadableStream.from(pieces)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) this.takeLine(line, pid);
  }

  /** Shows a line of a JSON log, and records it. */
  takeLine(line: string, pid: number = Deno.pid): void {
    const entry = logEntry(line, pid);
    const shown = this.#json
      ? line
      : entry.event === "text"
      ? entry.message
      : terminalLine(entry as Line);
    writeError(shown);
    this.#add(entry);
  }

  #add(entry: Entry) {
    this.#recording?.add(entry);
    if (this.#trace && this.#entries.length < MOST_ENTRIES) {
      this.#entries.push(entry);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher[Symbol.dispose]();
    try {
      this.#recording?.[Symbol.dispose]();
    } finally {
      this.#writeTrace();
    }
  }

  #writeTrace() {
    if (!this.#trace) return;
    const { path, file } = this.#trace;
    const text = JSON.stringify(perfettoTrace(sorted(this.#entries)));
    try {
      writeAll(path, file, text);
    } finally {
      file.close();
    }
  }
}

/** A line of our JSON log; any other line, such as of a stack, is a text. */
export function logEntry(line: string, pid: number): LogEntry {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === "object" && entry && "logger" in entry) {
      return entry as LogEntry;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const time = new Date().toISOString();
  return { time, level: "TEXT", logger: "", pid, message: line, event: "text" };
}
