/**
 * Looks at processes: their states, their threads and their families, proc(5).
 *
 * @module
 */
import { namesIn, readText } from "../posix/folder.ts";
import { objectsOf } from "./objects.ts";
import type { ProcessSeen, ThreadSeen } from "./seen.ts";

const TICK_MS = 10; // USER_HZ is 100 on every Linux that we know, time(7)

/**
 * A process as it is now.
 *
 * @returns `undefined`: it has ended, or is a zombie.
 */
export function processSeen(pid: number): ProcessSeen | undefined {
  const seen = stateSeen(pid);
  // What the threads share can be seen through each that has not ended.
  return seen && { ...seen, objects: objectsOf(seen.threads[0].tid) };
}

/** A process without its objects: to look at those takes five times as long. */
export function stateSeen(
  pid: number,
): Omit<ProcessSeen, "objects"> | undefined {
  const basics = basicsOf(pid);
  const threads = threadsOf(pid);
  // After pthread_exit(3) in the main thread alone, the others still run.
  if (basics === undefined || threads.length === 0) return undefined;
  const [, rchar] = /^rchar: (\d+)/.exec(readText(`/proc/${pid}/io`) ?? "") ??
    [];
  return {
    ...basics,
    state: threads[0].state,
    readBytes: rchar === undefined ? undefined : Number(rchar),
    threads,
  };
}

type Basics = Omit<ProcessSeen, "readBytes" | "threads" | "objects">;

/** What proc_pid_stat(5) says; `undefined`: no such process. */
function basicsOf(pid: number): Basics | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")"); // the name may have parentheses, too
  const words = text.slice(close + 2).split(" ");
  return {
    pid,
    command: text.slice(open + 1, close),
    state: words[0],
    parent: Number(words[1]),
    session: Number(words[3]),
    cpuMs: (Number(words[11]) + Number(words[12])) * TICK_MS,
    startTicks: Number(words[19]),
  };
}

/** The threads that have not ended. */
function threadsOf(pid: number): ThreadSeen[] {
  return namesIn(`/proc/${pid}/task`).flatMap((tid) => {
    const folder = `/proc/${pid}/task/${tid}`;
    const stat = readText(`${folder}/stat`);
    const state = stat?.charAt(stat.lastIndexOf(")") + 2) ?? "X";
    if ("ZX".includes(state)) return [];
    // schedstat: nanoseconds on a processor, nanoseconds waiting for one, turns.
    const nanoseconds = Number(readText(`${folder}/schedstat`)?.split(" ")[0]);
    const wchan = readText(`${folder}/wchan`) ?? "";
    return [{
      tid: Number(tid),
      state,
      wchan: wchan === "0" ? "" : wchan,
      cpuMs: (nanoseconds || 0) / 1e6,
    }];
  });
}

/** The Pids of a process's children; those of a thread count, too. */
export function childrenOf(pid: number): number[] {
  return namesIn(`/proc/${pid}/task`).flatMap((tid) =>
    (readText(`/proc/${pid}/task/${tid}/children`) ?? "").split(" ")
      .filter((word) => word !== "").map(Number)
  );
}

/**
 * The Pids of a process's children, their children, and so on; parents first.
 *
 * @param without These children of `pid`, and what they started, are left out.
 */
export function descendantsOf(
  pid: number,
  without: ReadonlySet<number> = new Set(),
): number[] {
  const found = childrenOf(pid).filter((child) => !without.has(child));
  for (let i = 0; i < found.length; i++) found.push(...childrenOf(found[i]));
  return found;
}
