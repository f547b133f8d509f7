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
  return best && !fileBetween(live, from, to) ? describe(best) : undefined;
}

/** Is it a pipe that may have been inherited for another purpose? */
function isGuess({ used, object }: Use): boolean {
  return !used && object.kind === "pipe";
}

/** What `from` writes to and `to` reads from. */
function joining({ objects }: Live, from: number, to: number): Use[] {
  return [...objects.values()].filter(({ users }) =>
    users.get(from)?.writes && users.get(to)?.reads
  );
}

function fileBetween(live: Live, from: number, to: number): Use | undefined {
  return joining(live, from, to).find(({ object }) => object.kind === "file");
}

/** The candidates, those that certainly carried values first. */
export function between(live: Live, from: number, to: number): Use[] {
  const reads = readsAnything(live, to);
  return joining(live, from, to).filter((use) => {
    switch (use.object.kind) {
      case "file": // no kernel object
      case "semaphore": // it says when, and carries no value
        return false;
      // A forked child inherits pipes that have nothing to do with the values,
      // such as the one by which Python's parent learns that a child has ended.
      // If the child reads nothing at all, none of its pipes carries values.
      case "pipe":
        return use.used || reads;
      case "socket":
        return isConnected(use);
      default:
        return true;
    }
  }).sort((a, b) => Number(b.used) - Number(a.used));
}

function readsAnything({ processes }: Live, pid: number): boolean {
  return processes.get(pid)?.readBytes !== 0;
}

function isConnected({ object: { id, name } }: Use): boolean {
  return name !== undefined || id.includes("-"); // two ends: connectionOf()
}

/**
 * How values may get from one process to the other though no object of both was
 * seen, in words.
 *
 * @returns `undefined`: in no way.
 */
export function hiddenWay(
  live: Live,
  from: number,
  to: number,
): string | undefined {
  const file = fileBetween(live, from, to);
  if (file) return `a regular file, ${file.object.name}`;
  for (const pid of live.processes.keys()) {
    if (pid === from || pid === to) continue;
    // What came through a socket at once was never seen to lie in it.
    const first = between(live, from, pid).find(({ used, object }) =>
      used || object.kind === "socket"
    );
    const [second] = between(live, pid, to);
    if (!first || !second) continue;
    return `process ${pid} may pass values on, from ${describe(first)} to ` +
      describe(second);
  }
  const loose = [...live.objects.values()].filter((use) =>
    use.object.kind === "socket" && !isConnected(use)
  );
  if ([from, to].some((pid) => loose.some(({ users }) => users.has(pid)))) {
    return "one has a socket without a connection: datagrams are not followed, " +
      "nor a connection for each value";
  }
  const looks = live.processes.get(to)?.looks ?? [];
  const bytes = (looks.at(-1)?.readBytes ?? 0) - (looks[1]?.readBytes ?? 0);
  return bytes > 0 && looks.length > 1
    ? `process 2 has read ${bytes} bytes of a regular file, or of something ` +
      "that it did not keep open"
    : undefined;
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
  if (kind === "pipe") return `a pipe, ${id}`;
  if (kind === "socket" && name === undefined) return `a connection, ${id}`;
  if (kind === "shared memory" && name === undefined) {
    return "shared memory without a name";
  }
  if (name === undefined) return `the ${kind} ${id}`;
  return `the ${kind} ${name}`;
}
