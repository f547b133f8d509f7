/**
 * The machine that the figures were measured on, and what it did meanwhile.
 *
 * @module
 */
import { cpus } from "node:os";
import { distance, flagTrip } from "./distance.ts";
import { load, processorTime } from "./processors.ts";

/** What the figures depend on. */
export interface Machine {
  cpu: string;
  /** How many processors it has. */
  processors: number;
  /** How many of them we may use: taskset(1). */
  usable: number;
  /** Bytes. */
  memory: number;
  /** The kernel's release. */
  kernel: string;
  architecture: string;
}

/** What the machine did while we measured. */
export interface Conduct {
  /** How many programs wanted a processor in the last minute. */
  load: { before: number; after: number };
  /** The part of all processors' time that other virtual machines had, 0 to 1. */
  stolen: number;
  /** Microseconds of a round trip of two bare flags; none: not measured. */
  flags: { before?: number; after?: number };
}

/** This machine. Needs --allow-sys=cpus,systemMemoryInfo,osRelease. */
export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() || "unknown",
    processors: processors.length,
    usable: navigator.hardwareConcurrency,
    memory: Deno.systemMemoryInfo().total,
    kernel: Deno.osRelease(),
    architecture: Deno.build.arch,
  };
}

/** Looks at the machine before and after a measurement. */
export class Watch {
  readonly #start: number = performance.now();
  readonly #time = processorTime();
  readonly #load = load();
  readonly #flags: number | undefined;

  private constructor(flags: number | undefined) {
    this.#flags = flags;
  }

  static async start(): Promise<Watch> {
    return new Watch(await flagTrip());
  }

  async end(): Promise<Conduct> {
    const seconds = (performance.now() - this.#start) / 1000;
    const stolen = processorTime().stolen - this.#time.stolen;
    return {
      load: { before: this.#load, after: load() },
      stolen: stolen / seconds / machine().processors,
      flags: { before: this.#flags, after: await flagTrip() },
    };
  }
}

/** The machine and the runtime, in lines of at most 80 characters. */
export function machineLines(about: Machine, deno: string): string[] {
  const { cpu, processors, usable, memory, kernel, architecture } = about;
  const gib = (memory / 2 ** 30).toFixed(1);
  const ours = usable < processors ? `, ${usable} of them ours` : "";
  return [
    `${cpu}, ${processors} processors${ours}`,
    `${gib} GiB, ${architecture}, Linux ${kernel}, Deno ${deno}`,
  ];
}

/** What the machine did, in lines of at most 80 characters. */
export function conductLines({ load, stolen, flags }: Conduct): string[] {
  const percent = (stolen * 100).toFixed(1);
  return [
    `load ${load.before} before, ${load.after} after; stolen: ${percent} % of the time`,
    `two bare flags: ${distance(flags.before)} before; ` +
    `${distance(flags.after)} after`,
  ];
}
