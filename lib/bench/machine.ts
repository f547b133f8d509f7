/**
 * The machine that the figures were measured on.
 *
 * @module
 */
import { cpus } from "node:os";

/** What the figures depend on. */
export interface Machine {
  cpu: string;
  cores: number;
  /** Bytes. */
  memory: number;
  /** The kernel's release. */
  kernel: string;
  architecture: string;
}

/** This machine. Needs --allow-sys=cpus,systemMemoryInfo,osRelease. */
export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memory: Deno.systemMemoryInfo().total,
    kernel: Deno.osRelease(),
    architecture: Deno.build.arch,
  };
}

/** The machine and the runtime in one line. */
export function machineLine(): string {
  const { cpu, cores, memory, kernel, architecture } = machine();
  const gib = (memory / 2 ** 30).toFixed(1);
  return `${cpu}, ${cores} cores, ${gib} GiB, ${architecture}, ` +
    `kernel ${kernel}, Deno ${Deno.version.deno}`;
}
