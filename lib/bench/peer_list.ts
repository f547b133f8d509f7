/**
 * The peers: what one would pick instead of this project's mechanisms. Each does
 * the same work as ours, in the same rounds and sizes, and checks every byte on
 * both sides.
 *
 * @module
 */
import type { Waiting } from "./result.ts";

/** A program that measures peers. */
export interface Program {
  /** As the log names it. */
  name: string;
  /** Its source, a file in `peers/`. */
  source: string;
  /** The compiler and its last arguments; without: the source is run. */
  build?: readonly string[];
  /** The command that runs the source, and its first arguments. */
  run?: readonly string[];
  /** Arguments with which that command succeeds if it is there. @default --version */
  test?: readonly string[];
}

const CC = ["cc", "-lrt"];

/** The programs, by the name that a peer has for its own. */
export const PROGRAMS = {
  kernel: { name: "C", source: "kernel.c", build: CC },
  ring: { name: "C, our ring", source: "ring.c", build: CC },
  lines: { name: "C, stdio", source: "lines.c", build: CC },
  zeromq: { name: "ZeroMQ", source: "zeromq.c", build: ["cc", "-lzmq"] },
  boost: {
    name: "Boost.Interprocess",
    source: "boost.cpp",
    build: ["c++", "-lrt", "-lpthread"],
  },
  python: {
    name: "Python",
    source: "multiprocessing_peer.py",
    run: ["python3"],
  },
  node: {
    name: "Node",
    source: "post_message.mjs",
    run: ["node"],
    // Where there is no Node, Deno starts itself in its place.
    test: [
      "-e",
      `if ("deno" in process.versions) {
        process.stderr.write("there is no Node");
        process.exit(1);
      }`,
    ],
  },
  deno: {
    name: "Deno",
    source: "post_message.mjs",
    run: [Deno.execPath(), "run", "--quiet", "--no-prompt", "--allow-read"],
  },
} as const satisfies Record<string, Program>;

/** What one program measures in one way. */
export interface PeerAbout {
  /** As the table names it. */
  name: string;
  program: keyof typeof PROGRAMS;
  /** The program's first argument. */
  via: string;
  wait: Waiting;
  ours: string;
  /** The longest record that it accepts, in bytes. @default no limit */
  limit?: number;
}

const QUEUE_BYTES = 8192; // mq_overview(7): msgsize_max
const RING_BYTES = 66_048; // a slot of our ring

/** All peers, in the order of the table of mechanisms. */
export const PEERS: readonly PeerAbout[] = [
  ...["fifo", "pipe", "queue", "socket"].map((via): PeerAbout => ({
    name: `C ${via}`,
    program: "kernel",
    via,
    wait: "block",
    ours: via,
    limit: via === "queue" ? QUEUE_BYTES : undefined,
  })),
  {
    name: "C one slot",
    program: "kernel",
    via: "slot",
    wait: "spin",
    ours: "shm",
  },
  {
    name: "C ring",
    program: "ring",
    via: "ring",
    wait: "spin",
    ours: "shm",
    limit: RING_BYTES,
  },
  {
    name: "Python Pipe",
    program: "python",
    via: "pipe",
    wait: "block",
    ours: "pipe",
  },
  {
    name: "Python Queue",
    program: "python",
    via: "queue",
    wait: "block",
    ours: "queue",
  },
  {
    name: "Python Array",
    program: "python",
    via: "array",
    wait: "spin",
    ours: "shm",
  },
  ...(["node", "deno"] as const).map((program): PeerAbout => ({
    name: `${PROGRAMS[program].name} postMessage`,
    program,
    via: "workers",
    wait: "block",
    ours: "workers",
    limit: RING_BYTES,
  })),
  // Longer messages would take hundreds of megabytes of memory: ZeroMQ keeps up
  // to 1000 on each side, and Boost makes room for all 64 ahead of time.
  {
    name: "ZeroMQ",
    program: "zeromq",
    via: "ipc",
    wait: "block",
    ours: "shm",
    limit: RING_BYTES,
  },
  {
    name: "Boost queue",
    program: "boost",
    via: "queue",
    wait: "block",
    ours: "shm",
    limit: RING_BYTES,
  },
];

/** The peer of that name; `undefined`: it is one of our mechanisms. */
export function peerNamed(name: string): PeerAbout | undefined {
  return PEERS.find((peer) => peer.name === name);
}
