/**
 * The list of all mechanisms: what each is, and where its code lies. Help,
 * README, contract tests and benchmark read it.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import { available } from "../posix/available.ts";

/**
 * What a process needs to open an end, as flags of `deno run`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PERMISSIONS } from "@ipc-lab/ipc-lab/mechanism";
 *
 * assertEquals(PERMISSIONS.includes("--allow-ffi"), true);
 * ```
 */
export const PERMISSIONS: readonly string[] = [
  "--allow-read=.",
  "--allow-write=run",
  "--allow-ffi",
];

/**
 * Every mechanism, as `--via` names them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MECHANISMS } from "@ipc-lab/ipc-lab/mechanism";
 *
 * const outliving = MECHANISMS.filter(({ properties }) => properties.outlives);
 * assertEquals(outliving.map(({ name }) => name), ["queue", "shm"]);
 * ```
 */
export const MECHANISMS: readonly Mechanism[] = [
  {
    name: "fifo",
    summary: "a named pipe, made with mkfifo; run/NAME.fifo",
    properties: {
      object: "mkfifo(3)",
      direction: "one-way",
      openedBy: "name",
      outlives: false,
      boundaries: false,
      capacity: { bytes: 65_536 }, // pipe(7), "Pipe capacity"
      processes: "many",
    },
    first: "producer",
    available,
    load: () => import("./fifo.ts"),
  },
  {
    name: "pipe",
    summary: "the shell's: producer's standard output to consumer's input",
    properties: {
      object: "pipe(2)",
      direction: "one-way",
      openedBy: "parent",
      outlives: false,
      boundaries: false,
      capacity: { bytes: 65_536 },
      processes: "many",
    },
    first: "consumer", // its standard input is the pipe
    available,
    load: () => import("./pipe.ts"),
  },
  {
    name: "queue",
    summary:
      "a POSIX message queue, with the kernel's priorities; /ipc-lab-UID.NAME",
    properties: {
      object: "mq_open(3)",
      direction: "two-way",
      openedBy: "name",
      outlives: true,
      boundaries: true,
      capacity: { messages: 10, chosen: true }, // msg_max, for every user
      processes: "many",
    },
    first: "producer",
    available,
    load: () => import("./queue.ts"),
  },
  {
    name: "shm",
    summary: "shared memory opened by name, a ring of slots; /ipc-lab-UID.NAME",
    properties: {
      object: "shm_open(3)",
      direction: "two-way",
      openedBy: "name",
      outlives: true,
      boundaries: true,
      capacity: { messages: 64, chosen: true, most: 16_384 }, // about 1 GiB
      processes: "many",
    },
    first: "producer",
    available,
    load: () => import("./shm.ts"),
  },
  {
    name: "workers",
    summary: "shared memory between two workers of one process",
    properties: {
      object: "SharedArrayBuffer",
      direction: "two-way",
      openedBy: "parent",
      outlives: false,
      boundaries: true,
      capacity: { messages: 64, chosen: true, most: 16_384 }, // about 1 GiB
      processes: "one",
    },
    first: "producer",
    available: () => true,
    load: () => import("./workers.ts"),
  },
  {
    name: "socket",
    summary: "a Unix-domain stream socket, the consumer listens; run/NAME.sock",
    properties: {
      object: "socket(2)",
      direction: "two-way",
      openedBy: "name",
      outlives: false,
      boundaries: false,
      capacity: { bytes: 212_992 }, // net.core.wmem_default, bookkeeping included
      processes: "many",
    },
    first: "consumer",
    available,
    load: () => import("./socket.ts"),
  },
];

/**
 * The mechanism of that name.
 *
 * @throws {TypeError} If there is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mechanismNamed } from "@ipc-lab/ipc-lab/mechanism";
 *
 * assertEquals(mechanismNamed("pipe").properties.object, "pipe(2)");
 * ```
 */
export function mechanismNamed(name: string): Mechanism {
  const found = MECHANISMS.find((mechanism) => mechanism.name === name);
  if (!found) throw new TypeError(`Cannot find a mechanism called '${name}'`);
  return found;
}
