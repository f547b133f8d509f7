/**
 * Compares a run's log with the lab sheet's.
 *
 * These may differ: the Pids; how the lines of different processes interleave;
 * how often process 2 finds no data in one wait. These may not: each process's
 * own lines in their order; a value read before it was written; a wait whose
 * length has nothing to do with the producer's pause.
 *
 * @module
 */
import { seconds } from "../../lib/wait/duration.ts";

/** The durations of a run, in milliseconds. */
export interface Durations {
  pause: number;
  retry: number;
}

/** How many ms after process 1 process 2 may start. */
const LATE = 1000;

/** The durations of the lab sheet. */
export const SHEET: Durations = { pause: 5000, retry: 1000 };

/** The sheet's transcript with the durations of a run. */
export function transcript({ pause, retry }: Durations): string[] {
  const url = new URL("../../fixtures/lab-sheet.txt", import.meta.url);
  return Deno.readTextFileSync(url).trimEnd()
    .replaceAll(
      "sleeping for 5 seconds",
      `sleeping for ${seconds(pause)}`,
    )
    .replaceAll(
      "sleeping for 1 second before",
      `sleeping for ${seconds(retry)} before`,
    )
    .split("\n");
}

const RETRY = /^INFO:(\w+):(Data not available|Nobody reads yet) sleeping for/;

/** The lines of one process, with each run of retries as one line. */
interface Story {
  lines: string[];
  /** How many retries each run had. */
  runs: number[];
}

function stories(log: string[]): Map<string, Story> {
  const all = new Map<string, Story>();
  for (const line of log) {
    if (/^INFO:process[12]:Waiting at /.test(line)) continue; // not in the sheet
    const [, name] = /^[A-Z]+:(\w+):/.exec(line) ?? [];
    if (name === undefined) {
      all.set(line, { lines: [line], runs: [] }); // not a log line: differs
      continue;
    }
    const story = all.get(name) ?? { lines: [], runs: [] };
    all.set(name, story);
    const last = story.lines.at(-1);
    if (!RETRY.test(line)) {
      story.lines.push(line.replace(/:Pid:\d+$/, ":Pid:N"));
    } else if (line === last) {
      story.runs[story.runs.length - 1]++;
    } else {
      story.lines.push(line);
      story.runs.push(1);
    }
  }
  for (const story of all.values()) dropFirstWait(story);
  return all;
}

/** Removes the retries of the process that waited for the other to start. */
function dropFirstWait(story: Story) {
  const first = story.lines.findIndex((line) => RETRY.test(line));
  const waiting = story.lines[first];
  const before = story.lines.slice(0, first);
  const read = before.some((line) => line.includes(":Read: "));
  const nobody = waiting?.includes("Nobody reads yet");
  if (first < 0 || (read && !nobody)) return;
  story.lines.splice(first, 1);
  story.runs.shift();
}

/**
 * A consumer that is faster than the producer finds nothing between two values
 * of one burst. It does so once: after its sleep, the burst is over.
 */
function dropNearMisses(story: Story, want: string[]) {
  for (let i = 0, run = 0; i < story.lines.length; i++) {
    if (!RETRY.test(story.lines[i])) continue;
    if (story.lines[i] === want[i] || story.runs[run] > 1) {
      run++;
    } else {
      story.lines.splice(i--, 1);
      story.runs.splice(run, 1);
    }
  }
}

/** Options for {@linkcode differences}. */
export interface GoldenOptions extends Durations {
  /** Which processes' lines are compared. @default all of the sheet's */
  processes?: string[];
  /** Are the lines in the order in which they were written? @default {true} */
  ordered?: boolean;
}

/** What is wrong with a log; an empty list if it agrees with the sheet. */
export function differences(log: string[], options: GoldenOptions): string[] {
  const { pause, retry, ordered = true } = options;
  const expected = stories(transcript(options));
  const actual = stories(log);
  const processes = options.processes ?? [...expected.keys()];
  const wrong: string[] = [];
  for (const name of actual.keys()) {
    if (!processes.includes(name)) wrong.push(`unexpected: ${name}`);
  }
  for (const name of processes) {
    const want = expected.get(name)?.lines ?? [];
    const story = actual.get(name) ?? { lines: [], runs: [] };
    dropNearMisses(story, want);
    const got = story.lines;
    for (let i = 0; i < Math.max(want.length, got.length); i++) {
      if (want[i] !== got[i]) {
        wrong.push(
          `${name} line ${i + 1}: '${got[i]}' instead of '${want[i]}'`,
        );
      }
    }
    for (const count of story.runs) {
      // A sleep is never shorter than asked for; on a busy machine it is longer.
      const most = Math.ceil(pause / retry) + 1;
      const there = Math.max(0, pause - LATE); // how long both were there
      const least = Math.max(1, Math.floor(there / retry / 2));
      if (count < least || count > most) {
        wrong.push(`${name}: ${count} retries instead of ${least} to ${most}`);
      }
    }
  }
  return ordered ? [...wrong, ...readTooEarly(log)] : wrong;
}

function readTooEarly(log: string[]): string[] {
  const written = new Set<string>();
  return log.flatMap((line) => {
    const [, wrote] = /^INFO:process1:Writing (.*)$/.exec(line) ?? [];
    if (wrote !== undefined) written.add(wrote);
    const [, read] = /^INFO:process2:Read: (.*)$/.exec(line) ?? [];
    return read === undefined || written.has(read)
      ? []
      : [`${read} was read before it was written`];
  });
}
