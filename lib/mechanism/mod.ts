/**
 * The list of all mechanisms: what each is, and where its code lies. Help,
 * README, contract tests and benchmark read it.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import { available } from "../posix/available.ts";
import { DEFAULT_SERVER } from "./nats_url.ts";

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

/** The variables that say who we are on a server: the nats command's names. */
const IDENTITY = [
  ...["URL", "USER", "PASSWORD", "TOKEN", "CREDS", "CA", "CERT", "KEY"],
].map((name) => `NATS_${name}`);

/**
 * What a process needs besides {@linkcode PERMISSIONS} to reach a server.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NETWORK_PERMISSIONS } from "@ipc-lab/ipc-lab/mechanism";
 *
 * assertEquals(NETWORK_PERMISSIONS.includes("--allow-net"), true);
 * ```
 */
export const NETWORK_PERMISSIONS: readonly string[] = [
  "--allow-net",
  `--allow-env=${IDENTITY}`,
];

/**
 * What a process needs to open an end of that mechanism.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mechanismNamed, permissionsFor } from "@ipc-lab/ipc-lab/mechanism";
 *
 * const fifo = permissionsFor(mechanismNamed("fifo"));
 * assertEquals(fifo.includes("--allow-net"), false);
 * ```
 */
export function permissionsFor({ properties }: Mechanism): readonly string[] {
  return properties.settles === "at once"
    ? PERMISSIONS
    : [...PERMISSIONS, ...NETWORK_PERMISSIONS];
}

/** Mailboxes on a NATS server. @param server `undefined`: NATS_URL's. */
function natsAt(server?: string): Mechanism {
  return {
    name: "nats",
    summary: `a mailbox on a NATS server, across machines; ${DEFAULT_SERVER}`,
    properties: {
      object: "JetStream stream",
      direction: "two-way",
      openedBy: "name",
      outlives: true,
      boundaries: true,
      capacity: { messages: 64, chosen: true, most: 1_000_000 },
      processes: "many",
      settles: "in time",
    },
    first: "producer",
    available: reachesServers,
    load: async () => (await import("./nats.ts")).operationsAt(server),
    at: natsAt,
    server,
  };
}

/** May this process connect? Asking costs nothing, and connects to nothing. */
function reachesServers(): true | string {
  const host = new URL(DEFAULT_SERVER).host;
  const { state } = Deno.permissions.querySync({ name: "net", host });
  return state === "granted" ? true : "it needs --allow-net";
}

/**
 * Every mechanism, as `--via` names them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MECHANISMS } from "@ipc-lab/ipc-lab/mechanism";
 *
 * const outliving = MECHANISMS.filter(({ properties }) => properties.outlives);
 * const names = outliving.map(({ name }) => name);
 * assertEquals(names, ["queue", "shm", "nats"]);
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
      settles: "at once",
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
      settles: "at once",
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
      settles: "at once",
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
      settles: "at once",
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
      settles: "at once",
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
      settles: "at once",
    },
    first: "consumer",
    available,
    load: () => import("./socket.ts"),
  },
  natsAt(),
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
