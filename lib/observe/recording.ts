/**
 * A recording: what some processes logged, and what was seen of them from
 * outside, one JSON object a line, in the order of time. docs/page.md describes
 * the objects.
 *
 * @module
 */
import type { Event } from "../cli/log.ts";
import { LabError, reason } from "../error.ts";
import { isInRunFolder, makeRunFolder } from "../mechanism/run_folder.ts";
import type { ChannelSeen } from "./channel.ts";

/** The first line of a recording. */
export interface RecordingHead {
  time: string;
  event: "recording";
  /** Of the schema. */
  version: 1;
  /** What was run: `lab --via=fifo`. */
  title: string;
  /** How many of its oldest lines and looks were left out; none: absent. */
  leftOut?: number;
}

/** A process has started. */
export interface StartEntry {
  time: string;
  event: "process";
  pid: number;
  /** Its name in the log: `process1`. */
  logger: string;
  /** `producer`, `consumer`, `parent`, `program`. */
  part: string;
  /** Its command line, without Deno's flags. */
  command: string;
}

/** A process has ended. */
export interface EndEntry {
  time: string;
  event: "end";
  pid: number;
  /** `exit code 0`, `SIGKILL`. */
  how: string;
}

/** A signal was sent. */
export interface SignalEntry {
  time: string;
  event: "signal";
  pid: number;
  signal: string;
}

/** A process as it was seen. */
export interface ProcessState {
  pid: number;
  /** As in proc_pid_stat(5). */
  state: string;
  /** The kernel function in which its first thread sleeps. */
  wchan: string;
  /** Processor time so far, ms. */
  cpuMs: number;
  /** Part of a processor since the last look, 0 to 1. */
  busy: number;
  /** What it does, in words. */
  why: string;
}

/** What was seen from outside; only when something has changed. */
export interface SeenEntry {
  time: string;
  event: "seen";
  processes: ProcessState[];
  channels: ChannelSeen[];
}

/** A line of a log, as `--log=json` writes it; or of a terminal, as `text`. */
export interface LogEntry {
  time: string;
  level: string;
  logger: string;
  pid: number;
  message: string;
  /** `read`, `write`, `call`, ...; `text`: a line that is not our log's. */
  event?: Event | "race" | "text";
  [value: string]: unknown;
}

/** One line of a recording. */
export type Entry =
  | RecordingHead
  | StartEntry
  | EndEntry
  | SignalEntry
  | SeenEntry
  | LogEntry;

/** How long (ms) a line may take from its process to us, on a busy machine. */
const LATE_MS = 3000;
/** How often (ms) we write. */
const EVERY_MS = 500;

/** Writes a recording, in the order of time. */
export class Recording implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #waiting: Entry[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #failure?: unknown; // of a write, thrown at the end: the run goes on

  private constructor(path: string) {
    this.#path = path;
    this.#file = openFile(path);
    empty(this.#file);
    this.#timer = setInterval(() => this.#write(LATE_MS), EVERY_MS);
  }

  /**
   * Makes the file.
   *
   * @param title What is run.
   * @throws {LabError} If it cannot be written.
   */
  static open(path: string, title: string): Recording {
    const recording = new Recording(path);
    const time = new Date().toISOString();
    recording.add({ time, event: "recording", version: 1, title });
    return recording;
  }

  /** Takes an entry; entries of several processes may come out of order. */
  add(entry: Entry): void {
    this.#waiting.push(entry);
  }

  /** Writes what is at least so old (ms). @param ageMs None: all. */
  #write(ageMs?: number) {
    const all = sorted(this.#waiting);
    const latest = new Date(Date.now() - (ageMs ?? 0)).toISOString();
    const late = ageMs === undefined
      ? -1 // the clock may have been set back, and these lie ahead of it
      : all.findIndex(({ time }) => time > latest);
    const ready = late < 0 ? all : all.slice(0, late);
    this.#waiting = late < 0 ? [] : all.slice(late);
    if (ready.length === 0 || this.#failure) return;
    const lines = ready.map((entry) => JSON.stringify(entry) + "\n").join("");
    try {
      writeAll(this.#path, this.#file, lines);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** @throws {LabError} If a write has failed: the recording has no end. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#write();
    this.#file.close();
    if (this.#failure) throw this.#failure;
  }
}

/**
 * Opens a file, or makes it, and `run/` if it lies there.
 *
 * @throws {LabError} If that fails, or is not permitted.
 */
export function openFile(path: string): Deno.FsFile {
  try {
    if (isInRunFolder(path)) makeRunFolder();
    return Deno.openSync(path, { write: true, create: true });
  } catch (error) {
    if (error instanceof LabError) throw error;
    const why = error instanceof Deno.errors.NotCapable
      ? "choose a file in run/"
      : reason(error);
    throw new LabError(`Cannot write ${path}: ${why}`);
  }
}

/** Empties a file; a FIFO or a terminal has nothing to take away. */
export function empty(file: Deno.FsFile): void {
  if (file.statSync().isFile) file.truncateSync();
}

/** Writes all of the text. @throws {LabError} If the disk is full. */
export function writeAll(path: string, file: Deno.FsFile, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) {
      at += file.writeSync(bytes.subarray(at));
    }
  } catch (error) {
    throw new LabError(`Cannot write to ${path}: ${reason(error)}`);
  }
}

/** Entries in the order of time; at the same ms, as they came. */
export function sorted(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) =>
    a.time < b.time ? -1 : a.time > b.time ? 1 : 0
  );
}

/**
 * Reads a recording.
 *
 * @throws {LabError} In one line, if it is none.
 */
export function readRecording(text: string): Entry[] {
  const entries = text.split("\n").filter((line) => line !== "").map(
    (line, i) => entryOf(line, i + 1),
  );
  const [head] = entries;
  if (head?.event !== "recording") {
    throw new LabError(
      'Cannot play this file: a recording begins with "event":"recording"',
    );
  }
  return sorted(entries);
}

function entryOf(line: string, number: number): Entry {
  const entry = parsed(line);
  if (
    typeof entry !== "object" || entry === null || !("time" in entry) ||
    typeof entry.time !== "string" || Number.isNaN(Date.parse(entry.time))
  ) {
    throw new LabError(
      `Cannot play line ${number}: it must be a JSON object with a time`,
    );
  }
  return entry as Entry;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the caller says that it is no JSON object
  }
}
