/**
 * The rungs: what this project wants to reach beside others, and how far it has
 * come, computed from the figures.
 *
 * @module
 */
import type { Run } from "./figures.ts";
import type { Result, Waiting } from "./result.ts";

/** One goal. */
export interface Rung {
  /** What is done, and whom it is compared with. */
  work: string;
  /** The ratio, or without `other` the figure, that is to be reached. */
  reach: number;
  /** Is a smaller ratio the better one? */
  less: boolean;
  /** The unit of both figures. */
  unit: string;
  /** Our figure in a run; `undefined`: it was not measured. */
  ours(run: Run): number | undefined;
  /** The other's figure in the same run. */
  other?(run: Run): number | undefined;
}

type Figure = (result: Result) => number;

const roundTrip: Figure = (result) => result.roundTrip.p50.median;
const perSecond: Figure = ({ single }) => single.perSecond.median / 1e6;
const megabytes: Figure = ({ single }) => single.megabytesPerSecond.median;

/** Reads a figure of one mechanism or peer from a run. */
function of(name: string, wait: Waiting, size: number, figure: Figure) {
  return ({ results }: Run): number | undefined => {
    const found = results.find((result) =>
      result.mechanism === name && result.wait === wait && result.size === size
    );
    return found && figure(found);
  };
}

const KERNEL = ["fifo", "pipe", "queue", "socket"];

/** All goals. */
export const RUNGS: readonly Rung[] = [
  ...KERNEL.map((via): Rung => ({
    work: `${via}, round trip 100 B, block; beside C`,
    reach: 1.1,
    less: true,
    unit: "µs",
    ours: of(via, "block", 100, roundTrip),
    other: of(`C ${via}`, "block", 100, roundTrip),
  })),
  ...KERNEL.map((via): Rung => ({
    work: `${via}, the same; beside Python's Pipe`,
    reach: 1,
    less: true,
    unit: "µs",
    ours: of(via, "block", 100, roundTrip),
    other: of("Python Pipe", "block", 100, roundTrip),
  })),
  {
    work: "shm, round trip 100 B, spin; beside C with the same ring",
    reach: 1.5,
    less: true,
    unit: "µs",
    ours: of("shm", "spin", 100, roundTrip),
    other: of("C ring", "spin", 100, roundTrip),
  },
  ...["Boost queue", "ZeroMQ"].flatMap((peer) =>
    (["block", "spin"] as const).map((wait): Rung => ({
      work: `shm, 8 B one way, one record each, ${wait}; beside ${peer}`,
      reach: 4,
      less: false,
      unit: "M/s",
      ours: of("shm", wait, 8, perSecond),
      other: of(peer, "block", 8, perSecond),
    }))
  ),
  {
    work: "fifo, 8 B one way, one write each, block; beside C",
    reach: 0.9,
    less: false,
    unit: "M/s",
    ours: of("fifo", "block", 8, perSecond),
    other: of("C fifo", "block", 8, perSecond),
  },
  ...["fifo", "socket"].map((via): Rung => ({
    work: `${via}, 64 KiB one way, block; beside C`,
    reach: 1,
    less: false,
    unit: "MB/s",
    ours: of(via, "block", 65536, megabytes),
    other: of(`C ${via}`, "block", 65536, megabytes),
  })),
  {
    work: "numbered lines, fifo, `--quiet`; beside C's stdio",
    reach: 1,
    less: false,
    unit: "M/s",
    ours: ({ lines }) => lines.ours / 1e6,
    other: ({ lines }) => lines.c && lines.c / 1e6,
  },
  {
    work: "start to first log line of `producer`; beside `deno eval ''`",
    reach: 1.5,
    less: true,
    unit: "ms",
    ours: ({ start }) => start.producer,
    other: ({ start }) => start.empty,
  },
  ...[...KERNEL, "shm", "workers"].map((via): Rung => ({
    work: `${via}, waiting in vain, block`,
    reach: 0.5,
    less: true,
    unit: "% of a processor",
    ours: ({ idle }) => via in idle ? idle[via] * 100 : undefined,
  })),
];

/** How far a rung was reached. */
export interface Reached {
  ours: number[];
  other: number[];
  /** Ratios, or our figures where there is nothing beside them. */
  best: number;
  worst: number;
  /** Was it reached in every run, in some, or in none? */
  how: "yes" | "not always" | "no";
}

/** Compares all runs with a rung. `undefined`: it could not be measured. */
export function climb(rung: Rung, runs: Run[]): Reached | undefined {
  const pairs = runs.flatMap((run) => {
    const ours = rung.ours(run);
    const other = rung.other ? rung.other(run) : 1;
    return ours === undefined || other === undefined ? [] : [{ ours, other }];
  });
  if (pairs.length === 0) return undefined;
  const ratios = pairs.map(({ ours, other }) => ours / other)
    .sort((a, b) => rung.less ? a - b : b - a);
  const good = ratios.filter((ratio) =>
    rung.less ? ratio <= rung.reach : ratio >= rung.reach
  );
  return {
    ours: pairs.map(({ ours }) => ours),
    other: rung.other ? pairs.map(({ other }) => other) : [],
    best: ratios[0],
    worst: ratios[ratios.length - 1],
    how: good.length === ratios.length
      ? "yes"
      : good.length > 0
      ? "not always"
      : "no",
  };
}
