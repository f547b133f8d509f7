/**
 * What is known of a run: its log, and what was seen of it from outside.
 *
 * @module
 */
import type { ObjectSeen } from "../observe/mod.ts";
import type { Line, Who } from "./line.ts";

/** What a program must do. */
export interface Expectation {
  /** Process 1 writes 1 to `count`. */
  count: number;
  /** It pauses after this value. */
  pauseAfter: number;
  pauseMs: number;
  /** Process 2 sleeps so long before it looks again. */
  retryMs: number;
  /** Demand the sheet's own lines? */
  strict: boolean;
  /** Whose lines there are. @default all of the sheet's */
  processes?: readonly Who[];
}

/** The sheet's own numbers. */
export const SHEET: Expectation = {
  count: 10,
  pauseAfter: 6,
  pauseMs: 5000,
  retryMs: 1000,
  strict: false,
};

/** A process of the program, as it was seen. */
export interface Trace {
  pid: number;
  command: string;
  /** ms since the start of the run. */
  firstSeen: number;
  /** ms since the start of the run. */
  lastSeen: number;
  /** The most threads that it had at once. */
  threads: number;
  /** The numbers of its threads, the first one's, which is the Pid, too. */
  tids: number[];
  /** Bytes that it has read with read(2); none if the kernel does not say it. */
  readBytes?: number;
  /** The kernel functions in which it slept, and how often it was seen there. */
  wchans: Map<string, number>;
  /** What each look at it has shown; `at` and `cpuMs` in ms. */
  looks: Look[];
}

/** A look at a process. */
export interface Look {
  at: number;
  cpuMs: number;
  running: boolean;
  /** As in {@linkcode Trace}. */
  readBytes?: number;
}

/** A kernel object that a process of the program had open. */
export interface Use {
  object: ObjectSeen;
  /** By Pid: could the process read from it, or write to it? */
  users: Map<number, { reads: boolean; writes: boolean }>;
  /** Did something lie in it, or did a process wait at it? */
  used: boolean;
}

/** How a program that was started has ended. */
export interface Ending {
  /** The command, as it would be typed. */
  command: string;
  /** The exit code, 128 and more after a signal; none: it had to be ended. */
  code?: number;
}

/** What was seen of a run. */
export interface Live {
  /** When it started, in ms since 1970. */
  startedAt: number;
  /** How long it took, from start to exit, in ms. */
  ms: number;
  /** Every program that was started, the checker's own half last. */
  endings: Ending[];
  /** Which half of the pair belongs to the checker. */
  ours?: Who;
  /** How late (ms) this machine woke us, at worst. */
  lateMs: number;
  /** The limit that ended it, in words. */
  stopped?: string;
  processes: Map<number, Trace>;
  objects: Map<string, Use>;
  /** What it has left behind, and was then removed. */
  left: string[];
}

/** All that is known of a run; a saved log was not seen. */
export interface Evidence {
  lines: Line[];
  /** Lines into which two processes have written; CRLF; control characters. */
  oddities: string[];
  live?: Live;
}

/** The lines of one process. */
export function linesOf({ lines }: Evidence, who: Who): Line[] {
  return lines.filter((line) => line.who === who);
}

/** The Pid that a process says it has, in a line of its own or in any other. */
export function pidOf(evidence: Evidence, who: Who): number | undefined {
  const lines = linesOf(evidence, who);
  const own = lines.find(({ what }) => what === "pid");
  return (own ?? lines.find(({ pid }) => pid !== undefined))?.pid;
}
