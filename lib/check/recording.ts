/**
 * A run as a recording: `deno task page FILE` plays it.
 *
 * @module
 */
import { type Entry, sorted } from "../observe/recording.ts";
import type { ChannelSeen } from "../observe/channel.ts";
import { type Evidence, pidOf, type Use } from "./evidence.ts";
import type { Line, Who } from "./line.ts";
import type { Event } from "../cli/log.ts";
import { between } from "./shared.ts";

/** What our own log calls what a line says. */
const EVENTS: Record<NonNullable<Line["what"]>, Event> = {
  pid: "start",
  write: "write",
  read: "read",
  wait: "retry",
  pause: "pause",
  finish: "finish",
};

const LONGEST_NAME = 60; // characters of up to 4 bytes; a file name has 255

/** A file's name for the recordings of each program; no two are the same. */
export function fileNames(programs: readonly string[]): string[] {
  const used = new Set<string>();
  return programs.map((program) => {
    const letters = program.replace(/[^\p{L}\p{M}\p{N}.-]+/gu, "_");
    const name = [...letters].slice(-LONGEST_NAME).join("");
    let file = name;
    for (let i = 2; used.has(file); i++) file = `${name}_${i}`;
    used.add(file);
    return file;
  });
}

/** The recording's lines, as docs/page.md describes them. */
export function recordingOf(evidence: Evidence, title: string): string {
  const { lines, live } = evidence;
  if (!live) return "";
  const timeAt = (at: number) => new Date(live.startedAt + at).toISOString();
  const entries: Entry[] = [
    { time: timeAt(0), event: "recording", version: 1, title },
  ];
  const names = new Map<number, Who>();
  for (const who of ["parent", "process1", "process2"] as const) {
    names.set(pidOf(evidence, who) ?? -1, who);
  }
  const [best] = between(
    live,
    pidOf(evidence, "process1") ?? -1,
    pidOf(evidence, "process2") ?? -1,
  );
  const channels = best ? [channelOf(best)] : [];
  for (
    const { pid, command, firstSeen, lastSeen, looks } of live.processes
      .values()
  ) {
    const logger = names.get(pid) ?? command;
    const part = "program";
    const time = timeAt(firstSeen);
    entries.push({ time, event: "process", pid, logger, part, command });
    for (const [i, { at, cpuMs, running }] of looks.entries()) {
      const before = looks[i - 1] ?? { at: at - 1, cpuMs };
      const busy = (cpuMs - before.cpuMs) / (at - before.at);
      const state = running ? "R" : "S";
      const why = running ? "running" : "asleep";
      const seen = { pid, state, wchan: "", cpuMs, busy, why };
      entries.push({
        time: timeAt(at),
        event: "seen",
        processes: [seen],
        channels,
      });
    }
    entries.push({ time: timeAt(lastSeen), event: "end", pid, how: "ended" });
  }
  for (const { at = 0, text, who, what, value } of lines) {
    entries.push({
      time: timeAt(at),
      level: "INFO",
      logger: who ?? "program",
      pid: (who && pidOf(evidence, who)) ?? 0,
      message: text,
      event: what === undefined ? "text" : EVENTS[what],
      ...value === undefined ? {} : { value: String(value) },
    });
  }
  return sorted(entries).map((entry) => JSON.stringify(entry) + "\n").join("");
}

/** The object with all that had it open: how full it was is not kept. */
function channelOf({ object, users }: Use): ChannelSeen {
  const { kind, id, name } = object;
  const ends = [...users].map(([pid, { reads, writes }]) => {
    const access = reads && writes ? "both" : writes ? "write" : "read";
    return { pid, access } as const;
  });
  return { kind, object: name ?? id, ends };
}
