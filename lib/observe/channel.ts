/**
 * Looks at the channels between processes: which object joins them, who has
 * which end open, and how full it is.
 *
 * @module
 */
import { close, O_NOFOLLOW, O_RDONLY, open, read } from "../posix/file.ts";
import { WORD } from "../shared_memory/layout.ts";
import { fillOf } from "./objects.ts";
import type { ObjectKind, ObjectSeen, ProcessSeen } from "./seen.ts";

/** One process that has an object open. */
export interface EndSeen {
  pid: number;
  /** The descriptor; a mapping has none. */
  fd?: number;
  access: "read" | "write" | "both";
}

/** An object between processes, and what lies in it. */
export interface ChannelSeen {
  kind: ObjectKind;
  /** The object's name, or its number: `pipe:[4711]`. */
  object: string;
  ends: EndSeen[];
  /** What is counted. */
  unit?: "bytes" | "messages" | "slots";
  /** How much lies in it; missing: only the log can say. */
  used?: number;
  capacity?: number;
  /** Where the figure comes from: `FIONREAD, ioctl(2)`. */
  by?: string;
  /** Of a ring: the slot of the next record to be taken out, and put in. */
  head?: number;
  tail?: number;
}

/**
 * The objects through which these processes can communicate with each other.
 *
 * @param isWanted Only these objects, even if one process alone has it open.
 */
export function channelsBetween(
  processes: readonly Pick<ProcessSeen, "pid" | "objects">[],
  isWanted?: (object: ObjectSeen) => boolean,
): ChannelSeen[] {
  const groups = new Map<string, { object: ObjectSeen; ends: EndSeen[] }>();
  for (const { pid, objects } of processes) {
    for (const object of objects) {
      const { kind, id, fd, access } = object;
      if (kind === "file") continue;
      const group = groups.get(id) ?? { object, ends: [] };
      // A process may have the same end under several numbers.
      const has = group.ends.some((end) =>
        end.pid === pid && end.access === access
      );
      if (!has) group.ends.push({ pid, fd, access });
      groups.set(id, group);
    }
  }
  return [...groups.values()]
    .filter(({ object, ends }) =>
      isWanted
        ? isWanted(object) && (object.kind !== "pipe" || joins(ends))
        : joins(ends)
    )
    .map(({ object, ends }) => ({
      kind: object.kind,
      object: object.name ?? object.id,
      ends,
      ...fillSeen(object, ends),
    }));
}

/** Finds the objects of a channel of ours. @param via As in `--via`. */
export function belongsTo(
  via: string,
  name: string,
): (object: ObjectSeen) => boolean {
  if (via === "pipe") {
    return ({ kind, fd }) => kind === "pipe" && (fd === 0 || fd === 1);
  }
  const ending = name.replaceAll(".", "\\.");
  const pattern = new RegExp(
    `(?:^|/)run/${ending}\\.(fifo|sock)$|/ipc-lab-\\d+\\.${ending}$`,
  );
  return (object) => pattern.test(object.name ?? "");
}

/** Can one process write what another one reads? */
function joins(ends: readonly EndSeen[]): boolean {
  return ends.some((writer) =>
    writer.access !== "read" &&
    ends.some((reader) =>
      reader.pid !== writer.pid && reader.access !== "write"
    )
  );
}

function fillSeen(
  object: ObjectSeen,
  ends: readonly EndSeen[],
): Partial<ChannelSeen> {
  if (object.kind === "shared memory") return ringSeen(object.name);
  let found: Partial<ChannelSeen> = {};
  for (const { pid, fd } of ends) {
    const fill = fillOf(pid, { ...object, fd });
    if (fill === undefined) continue;
    // Each end of a socket counts what lies there for it to read.
    if (found.used === undefined || fill.used > found.used) {
      found = { ...fill, by: SAID_BY[fill.unit] };
    }
    if (object.kind !== "socket") break; // all ends say the same
  }
  return found;
}

const SAID_BY = {
  bytes: "FIONREAD, ioctl(2)",
  messages: "mq_getattr(3)",
} as const;

const head = new Int32Array(48);

/** The head of our ring, by read(2): nothing needs to be mapped. */
function ringSeen(path?: string): Partial<ChannelSeen> {
  if (!path?.startsWith("/dev/shm/ipc-lab-")) return {};
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  if (fd < 0) return {};
  const count = read(fd, new Uint8Array(head.buffer));
  close(fd);
  const capacity = head[WORD.capacity];
  if (count < head.byteLength || capacity < 1) return {};
  // Positions run over two laps: see shared_memory/layout.ts.
  const [from, to] = [head[WORD.head], head[WORD.tail]];
  return {
    unit: "slots",
    used: (to - from + 2 * capacity) % (2 * capacity),
    capacity,
    by: "the ring's head in /dev/shm",
    head: from % capacity,
    tail: to % capacity,
  };
}
