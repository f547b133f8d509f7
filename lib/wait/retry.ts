/**
 * Waiting as the lab sheet's process 2 does: look, sleep a second, look again.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { isRefusal, type Refusal } from "../channel/mod.ts";
import { TimeoutError } from "../error.ts";
import { seconds } from "./duration.ts";

/** Time, so that a test can bring its own. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, { signal }),
};

/** Options for {@linkcode retry}. */
export interface RetryOptions {
  /** Milliseconds of sleep before looking again. @default {1000} */
  delay?: number;
  /** Give up after that many milliseconds; 0 for never. @default {60000} */
  timeout?: number;
  /** Ends the wait, which then throws the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called before each sleep.
   *
   * @param refusal What the look gave.
   * @param attempt 1 for the first sleep.
   * @param ms How long the sleep will be.
   */
  onRetry?: (refusal: Refusal, attempt: number, ms: number) => void;
  /** The time to go by. @default {systemClock} */
  clock?: Clock;
}

/**
 * Looks, and while there is nothing to have, sleeps and looks again: what the
 * lab sheet's process 2 does when data is missing.
 *
 * @param look Gives the value, or a {@linkcode Refusal}.
 * @param refused What a look has just given: it is not repeated before the
 * first sleep.
 * @returns The value.
 * @throws {RangeError} If the delay or the timeout makes no sense.
 * @throws {TimeoutError} If there is no value within the timeout.
 * @throws The signal's reason, once it is aborted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PENDING } from "../channel/mod.ts";
 *
 * let looks = 0;
 * const value = await retry(() => ++looks < 3 ? PENDING : "data", { delay: 1 });
 * assertEquals([value, looks], ["data", 3]);
 * ```
 */
export async function retry<T>(
  look: () => T | Refusal,
  options: RetryOptions = {},
  refused?: Refusal,
): Promise<T> {
  const {
    delay = 1000,
    timeout = 60_000,
    signal,
    onRetry,
    clock = systemClock,
  } = options;
  // A delay of 0 would never let go of the processor: that is --wait=spin.
  if (!(delay > 0)) {
    throw new RangeError(
      `Cannot retry as 'delay' must be a positive number: current value is ${delay}`,
    );
  }
  if (!(timeout >= 0)) {
    throw new RangeError(
      `Cannot retry as 'timeout' must be >= 0: current value is ${timeout}`,
    );
  }
  const start = clock.now();
  let value = refused ?? look();
  for (let attempt = 1; isRefusal(value); attempt++) {
    signal?.throwIfAborted();
    const left = timeout === 0 ? Infinity : start + timeout - clock.now();
    if (left <= 0) throw gaveUp(value, timeout);
    onRetry?.(value, attempt, delay);
    await clock.sleep(Math.min(delay, left), signal);
    value = look();
  }
  return value;
}

/**
 * What the log says before a sleep, in the lab sheet's words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PENDING } from "../channel/mod.ts";
 *
 * assertEquals(
 *   retryLine(PENDING, 1000),
 *   "Data not available sleeping for 1 second before retrying",
 * );
 * ```
 */
export function retryLine(refusal: Refusal, ms: number): string {
  return `${refusal.description} sleeping for ${seconds(ms)} before retrying`;
}

/** The error of every way to wait when its time is over. */
export function gaveUp(refusal: Refusal, timeout: number): TimeoutError {
  const reason = refusal.description;
  return new TimeoutError(`${reason}: gave up after ${seconds(timeout)}`);
}
