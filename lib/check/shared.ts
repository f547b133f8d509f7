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
  const server = sameServer(live, from, to);
  if (server !== undefined) return `a server of both at ${server}`;
  return best && describe(best);
}

/** Is it a pipe that may have been inherited for another purpose? */
function isGuess({ used, object }: Use): boolean {
  return !used && object.kind === "pipe";
}

/** What can join two processes; what certainly carried values comes first. */
export function between(live: Live, from: number, to: number): Use[] {
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

/** The name of a server that both are connected to, such as a Manager. */
function sameServer({ objects }: Live, one: number, two: number) {
  const [names, others] = [one, two].map((pid) =>
    [...objects.values()].filter(({ users, object }) =>
      object.kind === "socket" && users.has(pid)
    ).map(({ object }) => object.name)
  );
  return names.find((name) => name !== undefined && others.includes(name));
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
