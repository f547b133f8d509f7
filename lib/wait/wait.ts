/**
 * The three ways to wait. Both ends of a channel only ever say "not now"; what
 * happens then is decided here, in one loop.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Refusal } from "../channel/channel.ts";
import { seconds } from "./duration.ts";
import { TimeoutError } from "../error.ts";
import { eventLoop } from "./event_loop.ts";

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
  /** Ends the wait. */
  signal?: AbortSignal;
  /**
   * Called before each sleep.
   *
   * @param refusal What the look gave.
   * @param attempt 1 for the first sleep.
   * @param ms How long the sleep will be.
   */
  onRetry?: (refusal: Refusal, attempt: number, ms: number) => void;
  /** @default {systemClock} */
  clock?: Clock;
}

/**
 * Looks, and while there is nothing to have, sleeps and looks again: what the
 * lab sheet's process 2 does when data is missing.
 *
 * @param look Gives the value, or a {@linkcode Refusal}.
 * @returns The value.
 * @throws {RangeError} If the delay or the timeout makes no sense.
 * @throws {TimeoutError} If there is no value within the timeout.
 * @throws The signal's reason, once it is aborted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PENDING } from "../channel/channel.ts";
 *
 * let looks = 0;
 * const value = await retry(() => ++looks < 3 ? PENDING : "data", { delay: 1 });
 * assertEquals([value, looks], ["data", 3]);
 * ```
 */
export async function retry<T>(
  look: () => T | Refusal,
  options: RetryOptions = {},
): Promise<T> {
  const {
    delay = 1000,
    timeout = 60_000,
    signal,
    onRetry,
    clock = systemClock,
  } = options;
  // 0 would be a loop that never lets go of the processor: that is --wait=spin.
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
  for (let attempt = 1;; attempt++) {
    signal?.throwIfAborted();
    const value = look();
    if (!isRefusal(value)) return value;
    const left = timeout === 0 ? Infinity : start + timeout - clock.now();
    if (left <= 0) throw new TimeoutError(gaveUp(value, timeout));
    onRetry?.(value, attempt, delay);
    await clock.sleep(Math.min(delay, left), signal);
  }
}

/**
 * What the log says before a sleep, in the lab sheet's words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PENDING } from "../channel/channel.ts";
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

/** How to wait: the names that `--wait` takes. */
export const WAYS = ["retry", "block", "spin"] as const;

/** One of {@linkcode WAYS}. */
export type Way = typeof WAYS[number];

/** Waits until it is time to look again; nothing: that is now. */
export type Ready = (signal: AbortSignal) => Promise<void> | undefined;

/** Options for {@linkcode waitFor}. */
export interface WaitOptions extends RetryOptions {
  /** @default {"retry"} */
  way?: Way;
}

/**
 * Waits for a value in the way that was chosen.
 *
 * @param look Gives the value, or a {@linkcode Refusal}.
 * @param ready Waits until the next look may succeed; used by `block` alone.
 * @param refused What a look has just given: `block` need not repeat it.
 * @throws As {@linkcode retry}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PENDING } from "../channel/channel.ts";
 *
 * let there = false;
 * const look = () => there ? "data" : PENDING;
 * const ready = () => Promise.resolve(void (there = true));
 * assertEquals(await waitFor(look, ready, { way: "block" }), "data");
 * ```
 */
export function waitFor<T>(
  look: () => T | Refusal,
  ready: Ready,
  options: WaitOptions = {},
  refused?: Refusal,
): Promise<T> {
  switch (options.way ?? "retry") {
    case "retry":
      return retry(look, options);
    case "block":
      return block(look, ready, options, refused);
    case "spin":
      return spin(look, options);
  }
}

async function block<T>(
  look: () => T | Refusal,
  ready: Ready,
  { timeout = 60_000, signal }: WaitOptions,
  refused?: Refusal,
): Promise<T> {
  let value: T | Refusal = refused ?? look();
  if (!isRefusal(value)) return value;
  signal?.throwIfAborted();
  const controller = spare ?? new AbortController();
  spare = undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const abort = () => controller.abort(signal?.reason);
  const giveUp = () => {
    if (isRefusal(value)) {
      controller.abort(new TimeoutError(gaveUp(value, timeout)));
    }
  };
  try {
    while (isRefusal(value)) {
      controller.signal.throwIfAborted();
      const waiting = ready(controller.signal);
      if (waiting) {
        // Not before: both take longer than many a wait.
        if (timeout > 0) timer ??= setTimeout(giveUp, timeout);
        signal?.addEventListener("abort", abort, { once: true });
        await waiting;
      }
      value = look();
    }
    return value;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    if (!controller.signal.aborted) spare = controller;
  }
}

/** For the next wait: to make one each time keeps the garbage collector busy. */
let spare: AbortController | undefined;

async function spin<T>(
  look: () => T | Refusal,
  { timeout = 60_000, signal, clock = systemClock }: WaitOptions,
): Promise<T> {
  const start = clock.now();
  for (;;) {
    const value = spinAWhile(look);
    if (!isRefusal(value)) return value;
    await spinning.pass();
    signal?.throwIfAborted();
    if (timeout > 0 && clock.now() - start >= timeout) {
      throw new TimeoutError(gaveUp(value, timeout));
    }
  }
}

/**
 * Looks again and again, until there is a value or others should have their
 * turn: the part of `spin` that costs no promise.
 *
 * @returns The value, or what the last look gave.
 */
export function spinAWhile<T>(look: () => T | Refusal): T | Refusal {
  for (;;) {
    const value = look();
    if (!isRefusal(value) || spinning.due()) return value;
  }
}

/**
 * Lets timers and signals have their turn in a loop that never waits: without
 * it Ctrl-C would go unheard, for signals are delivered between two tasks.
 */
export class Turn {
  #looks = 0;
  #last = performance.now();
  readonly #every: number;

  /** @param every Milliseconds from turn to turn. */
  constructor(every: number) {
    this.#every = every;
  }

  /** Is it time? Cheap: it reads the clock once in 256 calls. */
  due(): boolean {
    return (++this.#looks & 255) === 0 &&
      performance.now() - this.#last > this.#every;
  }

  /** Gives everybody else their turn. */
  async pass(): Promise<void> {
    await eventLoop();
    this.#last = performance.now();
  }
}

/** Of all who spin on this thread. */
const spinning = new Turn(10);

function isRefusal(value: unknown): value is Refusal {
  return typeof value === "symbol";
}

function gaveUp(refusal: Refusal, timeout: number): string {
  return `${refusal.description}: gave up after ${seconds(timeout)}`;
}
