/**
 * What process 1 and process 2 prepare in the same way, from their options.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type {
  Mechanism,
  NamedAddress,
  Occupancy,
  Opened,
} from "../channel/mod.ts";
import type { ProcessLog } from "../cli/log.ts";
import { LabError } from "../error.ts";
import { Progress } from "../cli/progress.ts";
import { removeHint } from "../mechanism/address.ts";
import { openInTime } from "../wait/open.ts";
import type { WaitOptions } from "../wait/wait_for.ts";
import type { ConsumerOptions, ProducerOptions } from "./flags.ts";

type Options = ProducerOptions | ConsumerOptions;

/** Exit code: 0 if all went through, 1 if not. */
export type ExitCode = 0 | 1;

/** @param process The mailbox's owner; none: the channel that all share. */
export function addressOf(
  { name, capacity }: Options,
  process?: string,
  memory?: SharedArrayBuffer,
): NamedAddress {
  return {
    name: process === undefined ? name : `${name}.${process}`,
    capacity,
    memory,
  };
}

/** The DEBUG line that names the object, seen with `--verbose`. */
function openedLine(
  { name: via, summary }: Mechanism,
  { name }: NamedAddress,
): string {
  return `Opened ${via}: ${summary.replace("NAME", name)}`;
}

/**
 * Opens an end, and logs its process id, what lies in the channel already, and
 * where it waits.
 *
 * @param open Opens our end.
 * @param other The role at the other end.
 * @returns The end that was opened.
 */
export async function openEnd<End>(
  open: () => Opened<End>,
  other: "sender" | "receiver",
  { mechanism, address, log, wait }: {
    mechanism: Mechanism;
    address: NamedAddress;
    log: ProcessLog;
    wait: WaitOptions;
  },
): Promise<End & (Disposable | AsyncDisposable)> {
  const { inspect } = await mechanism.load();
  const before = await inspect?.(address);
  const end = await openInTime(
    open,
    wait,
  );
  log.start();
  log.debug(openedLine(mechanism, address));
  if (before && before.messages > 0 && !isUsed(before)) {
    log.warn(leftLine(mechanism, address.name, before));
  }
  const after = await inspect?.(address);
  // A queue and a segment take messages even if no receiver is there yet.
  const waits = other === "sender" || !mechanism.properties.outlives;
  const alone = after && !after[other] && !after.parent && !after.messages;
  // On a terminal alone: a log in a file has the lines of the sheet, no more.
  if (alone && waits && Deno.stderr.isTerminal()) {
    log.info(`Waiting at ${after.object}`, { event: "wait" });
  }
  return end;
}

function isUsed({ sender, receiver, parent }: Occupancy): boolean {
  return sender || receiver || parent;
}

function leftLine(
  { name: via, server }: Mechanism,
  name: string,
  { object, messages }: Occupancy,
): string {
  const lie = messages === 1 ? "1 message lies" : `${messages} messages lie`;
  return `${lie} in ${object} since an earlier run: to throw ` +
    `${messages === 1 ? "it" : "them"} away, ${
      removeHint(via, { name, server })
    }`;
}

/** How long (ms) a lab may take to vanish after kill -9. */
const GONE_MS = 500;

/**
 * Ends this child when its lab has ended, even by kill -9, and then removes the
 * channel.
 *
 * @param signal Aborted when this process is told to end.
 */
export async function followLab(
  { parent, mechanism }: Options,
  address: NamedAddress,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  if (parent === undefined) return { async [Symbol.asyncDispose]() {} };
  const { inspect, remove } = await mechanism.load();
  const { dieWith, isAlive } = await import("../posix/process.ts");
  if (!dieWith(parent, "SIGTERM")) {
    await remove(address); // the parent alone had it open
    throw new LabError("Cannot start as the lab has ended");
  }
  return {
    async [Symbol.asyncDispose]() {
      if (!signal.aborted) return;
      // The signal comes when the lab's first thread ends, before its others.
      const latest = performance.now() + GONE_MS;
      while (isAlive(parent) && performance.now() < latest) await delay(10);
      if (isAlive(parent)) return;
      const others = await inspect?.(address); // it stays if others use it
      if (!others?.sender && !others?.receiver) await remove(address);
    },
  };
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

/**
 * Opens a progress bar, if the terminal is free for one: no lines come, no
 * values, and no other end is there, of a lab or of a shell's pipe.
 */
export async function openProgress(
  doing: string,
  total: number | undefined,
  options: Options,
  memory?: SharedArrayBuffer,
): Promise<Progress> {
  const { quiet, log, parent, mechanism } = options;
  const beside = parent !== undefined || memory !== undefined ||
    mechanism.name === "pipe";
  const values = "output" in options && options.output === "-" &&
    Deno.stdout.isTerminal();
  return quiet && log === "lab" && !beside && !values
    ? await Progress.onTerminal(doing, total ?? 0)
    : Progress.silent();
}
