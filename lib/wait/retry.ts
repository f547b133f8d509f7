/**
 * Waiting as process 2 of the lab sheet does: look, sleep a second, look again.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { isRefusal, type Refusal } from "../channel/mod.ts";
import { TimeoutError } from "../error.ts";
import { seconds } from "./duration.ts";

/** A source of time. A test can use a clock of its own. */
export interface Clock {
  /** Milliseconds since a fixed moment; the value never goes back. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * The machine's own time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const before = systemClock.now();
 * await systemClock.sleep(1);
 * assertEquals(systemClock.now() > before, true);
 * ```
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, { signal }),
};

/** Options for {@linkcode retry}. */
export interface RetryOptions {
  /** Milliseconds of sleep before the next look. @default {1000} */
  delay?: number;
  /** Milliseconds after which the wait gives up; 0: never. @default {60000} */
  timeout?: number;
  /** Ends the wait, which then throws the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called before each sleep of `retry`; the other ways do not call it.
   *
   * @param refusal What the look returned.
   * @param attempt 1 for the first sleep.
   * @param ms How many milliseconds the sleep will take.
   */
  onRetry?: (refusal: Refusal, attempt: number, ms: number) => void;
  /** The clock to use. @default {systemClock} */
  clock?: Clock;
}

/**
 * Looks, and as long as there is no value, sleeps and looks again, as process 2
 * of the lab sheet does when data is missing.
 *
 * @param look Returns the value, or a {@linkcode Refusal}.
 * @param refused What the last look returned, if the caller has just looked:
 * then the first sleep comes before the next look.
 * @returns The value.
 * @throws {RangeError} If the delay is not positive or the timeout negative.
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
  // A delay of 0 would keep the processor busy: that is --wait=spin.
  if (!(delay > 0)) {
    throw new RangeError(
      `Cannot retry as 'delay' must be a positive number: current value is ${delay}`,
    );
  }
  checkTimeout(timeout);
  let start = clock.now();
  let value = refused ?? look();
  for (let attempt = 1; isRefusal(value); attempt++) {
    signal?.throwIfAborted();
    const left = timeout === 0 ? Infinity : start + timeout - clock.now();
    if (left <= 0) throw gaveUp(value, timeout);
    onRetry?.(value, attempt, delay);
    const sleep = Math.min(delay, left);
    const due = clock.now() + sleep;
    await clock.sleep(sleep, signal);
    if (clock.now() - due > STOPPED_MS) start = clock.now();
    value = look();
  }
  return value;
}

/**
 * The line of the log before a sleep, in the words of the lab sheet.
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

/**
 * So late (ms) no timer is on a machine that is only busy: the process was
 * stopped, as by Ctrl-Z, and its timeout begins anew.
 */
export const STOPPED_MS = 1000;

/** @throws {RangeError} If the timeout of a wait is negative. */
export function checkTimeout(timeout: number): void {
  if (timeout >= 0) return;
  throw new RangeError(
    `Cannot wait as 'timeout' must be >= 0: current value is ${timeout}`,
  );
}

/** The error of every way to wait, when its timeout is over. */
export function gaveUp(refusal: Refusal, timeout: number): TimeoutError {
  const reason = refusal.description;
  return new TimeoutError(`${reason}: gave up after ${seconds(timeout)}`);
}
