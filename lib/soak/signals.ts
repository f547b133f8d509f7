/**
 * The signals that end a process.
 *
 * @module
 */

/** Signals that a process takes: each asks it to end. */
export const ASKING = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** A signal that ends a process. */
export type Signal = "SIGKILL" | typeof ASKING[number];

/** The exit code after each signal that a process takes: 128 and its number. */
export const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
