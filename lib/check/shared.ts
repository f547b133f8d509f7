/**
 * Finds the kernel object through which two processes communicate.
 *
 * @module
 */
import type { Live, Use } from "./evidence.ts";

/**
 * The object that carries values from one process to the other, in words.
 *
 * @returns `undefined`: none was seen.
 */
export function sharedObject(
  live: Live,
  from: number,
  to: number,
): string | undefined {
  const [best] = between(live, from, to);
  if (best && !isGuess(best)) return describe(best);
  // A manager may stand between the two: multiprocessing.Manager, a server.
  for (const pid of live.processes.keys()) {
    if (pid === from || pid === to) continue;
    const [one] = between(live, from, pid).filter(isStream);
    const [other] = between(live, pid, to).filter(isStream);
    if (!one || !other) continue;
    return `${describe(one)} and ${describe(other)}, through process ${pid}`;
  }
  return best && describe(best);
}

/** Is it a pipe that may have been inherited for another purpose? */
function isGuess({ used, object }: Use): boolean {
  return !used && object.kind === "pipe";
}

/** The candidates, those that certainly carried values first. */
function between(live: Live, from: number, to: number): Use[] {
  const reads = live.processes.get(to)?.readBytes !== 0;
  return [...live.objects.values()].filter((use) => {
    if (!use.users.get(from)?.writes || !use.users.get(to)?.reads) return false;
    switch (use.object.kind) {
      case "semaphore": // it says when, and carries no value
        return false;
      // A forked child inherits pipes that have nothing to do with the values,
      // such as the one by which Python's parent learns that a child has ended.
      // If the child reads nothing at all, none of its pipes carries values.
      case "pipe":
        return use.used || reads;
      default:
        return true;
    }
  }).sort((a, b) => Number(b.used) - Number(a.used));
}

function isStream({ used, object: { kind } }: Use): boolean {
  return kind === "socket" || used && (kind === "pipe" || kind === "FIFO");
}

function describe({ object: { kind, id, name } }: Use): string {
  if (kind === "pipe") return `the pipe ${id}`;
  if (kind === "socket" && name === undefined) return `the connection ${id}`;
  if (kind === "shared memory" && name === undefined) {
    return "shared memory without a name";
  }
  if (name === undefined) return `the ${kind} ${id}`;
  return `the ${kind} ${name}`;
}
