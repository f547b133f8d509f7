/**
 * Signals that a process ignores from its start: sigaction(2).
 *
 * @module
 */
import { constants as os } from "node:os";
import { errno, libc, SystemError } from "./libc.ts";

const SIG_IGN = 1n;
const SIGACTION_BYTES = 152; // struct sigaction, of which sa_handler is first

type Signal = "SIGHUP" | "SIGINT" | "SIGTERM";

/**
 * Is a signal ignored? nohup(1) starts a program so, and a shell does so with
 * SIGINT for a program in the background of a script. A program that listens to
 * the signal all the same would undo that.
 */
export function isIgnored(signal: Signal): boolean {
  const action = new BigUint64Array(SIGACTION_BYTES / 8);
  if (libc().sigaction(os.signals[signal], null, action) < 0) {
    throw new SystemError(`ask for the action of ${signal}`, errno());
  }
  return action[0] === SIG_IGN;
}

/** Ignores a signal from now on. */
export function ignore(signal: Signal | "SIGXFSZ"): void {
  const action = new BigUint64Array(SIGACTION_BYTES / 8);
  action[0] = SIG_IGN;
  if (libc().setSigaction(os.signals[signal], action, null) < 0) {
    throw new SystemError(`ignore ${signal}`, errno());
  }
}
