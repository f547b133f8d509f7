/**
 * What the processors did while we measured, as proc(5) tells it: a figure that
 * was measured while other programs, or other virtual machines, had them means
 * little.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { readText } from "../posix/folder.ts";

/** /proc/stat counts in hundredths of a second, proc(5): USER_HZ. */
const TICKS_PER_SECOND = 100;

/** A row is marked if more than this part of the time was not ours. */
export const MUCH = 0.05;

/** Time (s) since the machine started, of all processors together. */
export interface ProcessorTime {
  /** In which a processor had no work, or waited for a disk. */
  idle: number;
  /** In which another virtual machine had the processor, though we had work. */
  stolen: number;
}

/** What was not ours, as parts of the time of two processors: 0 to 1. */
export interface Lost {
  /** Other programs had the processors; 1/2: the two sides had one processor. */
  shared: number;
  /** Other virtual machines had them. */
  stolen: number;
}

/** Reads a file of /proc. @throws {LabError} If it is not there. */
function readProc(path: string): string {
  const text = readText(path);
  if (text === undefined) throw new LabError(`Cannot read ${path}`);
  return text;
}

/** What the processors have done so far. */
export function processorTime(): ProcessorTime {
  return parseStat(readProc("/proc/stat"));
}

/**
 * Reads the first line of /proc/stat.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const stat = "cpu  100 20 30 9000 50 6 4 40 0 0\ncpu0 ...";
 * assertEquals(parseStat(stat), { idle: 90.5, stolen: 0.4 });
 * ```
 */
export function parseStat(text: string): ProcessorTime {
  const [line] = text.split("\n");
  // The kernel measures idle time, and only samples who is busy.
  const [_user, _nice, _system, idle, wait, _irq, _softirq, stolen = 0] = line
    .split(/ +/).slice(1).map(Number);
  return {
    idle: (idle + wait) / TICKS_PER_SECOND,
    stolen: stolen / TICKS_PER_SECOND,
  };
}

/** Fields 14 to 17 of proc_pid_stat(5), in seconds. */
function timesOf(pid: number | "self"): number[] {
  const text = readProc(`/proc/${pid}/stat`);
  // Field 2 is the name, which may hold anything, in parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).map((ticks) => Number(ticks) / TICKS_PER_SECOND);
}

/** Processor time (s) of this process, and of its children that have ended. */
export function ownTime(): number {
  return timesOf("self").reduce((sum, seconds) => sum + seconds, 0);
}

/** Processor time (s) of a process that runs. */
export function processTime(pid: number): number {
  const [user, system] = timesOf(pid);
  return user + system;
}

/** How many programs wanted a processor in the last minute, on average. */
export function load(): number {
  return Number(readProc("/proc/loadavg").split(" ")[0]);
}

/**
 * What was not ours between two moments.
 *
 * @param seconds How long that was.
 * @param ours Processor time (s) that this benchmark and both sides took.
 * @param processors How many processors there are, and how many we may use.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const before = { idle: 10, stolen: 1 };
 * const busy = { idle: 10, stolen: 1 }; // no processor was idle
 * const two = { all: 2, usable: 2 };
 * // In one second two sides had a processor each, and nobody else wanted one.
 * assertEquals(lost(before, busy, 1, 2, two).shared, 0);
 * // Each had half a processor; another program had the second one.
 * assertEquals(lost(before, busy, 1, 1, two).shared, 0.5);
 * // That matters less where there are more processors.
 * const half = { idle: 16, stolen: 1 };
 * assertEquals(lost(before, half, 1, 1, { all: 8, usable: 8 }).shared, 0);
 * // Two sides that have one processor need no second one.
 * const one = { all: 1, usable: 1 };
 * assertEquals(lost(before, busy, 1, 1, one).shared, 0);
 * assertEquals(lost(before, busy, 1, 0.5, one).shared, 0.5);
 * ```
 */
export function lost(
  before: ProcessorTime,
  after: ProcessorTime,
  seconds: number,
  ours: number,
  processors: { all: number; usable: number },
): Lost {
  const stolen = after.stolen - before.stolen;
  const busy = processors.all * seconds - (after.idle - before.idle) - stolen;
  const left = processors.usable * seconds - Math.max(0, busy - ours);
  const needed = Math.min(2, processors.usable) * seconds;
  const part = (time: number) => Math.min(1, Math.max(0, time / needed));
  return { shared: part(needed - left), stolen: part(stolen) };
}
