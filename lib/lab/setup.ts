/**
 * What process 1 and process 2 prepare in the same way, from their options.
 *
 * @module
 */
import type { Address, Mechanism } from "../channel/mod.ts";
import { Progress } from "../cli/progress.ts";
import type { WaitOptions } from "../wait/wait_for.ts";
import type { ConsumerOptions, ProducerOptions } from "./flags.ts";

type Options = ProducerOptions | ConsumerOptions;

/** Exit code: 0 if all went through, 1 if not. */
export type ExitCode = 0 | 1;

/** @param process Whose mailbox; none: the one that all share. */
export function addressOf(
  { name, capacity }: Options,
  process?: string,
  memory?: SharedArrayBuffer,
): Address {
  return {
    name: process === undefined ? name : `${name}.${process}`,
    capacity,
    memory,
  };
}

/** Which object it is, for `--verbose`. */
export function openedLine(
  { name: via, summary }: Mechanism,
  { name }: Address,
): string {
  return `Opened ${via}: ${summary.replace("NAME", name)}`;
}

/** How the process waits. */
export function waitOptionsOf(
  options: Options,
  signal: AbortSignal,
): WaitOptions {
  return {
    way: options.wait,
    delay: options.retry,
    timeout: options.timeout,
    signal,
  };
}

/** A progress bar where `--quiet` leaves the terminal free for one. */
export async function openProgress(
  doing: string,
  total: number | undefined,
  { quiet, log }: Options,
): Promise<Progress> {
  return quiet && log === "lab"
    ? await Progress.onTerminal(doing, total ?? 0)
    : Progress.silent();
}
