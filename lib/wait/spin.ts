/**
 * Waiting that keeps the processor busy.
 *
 * @module
 */
import { isRefusal, type Refusal } from "../channel/mod.ts";
import {
  checkTimeout,
  gaveUp,
  type RetryOptions,
  STOPPED_MS,
  systemClock,
} from "./retry.ts";
import { Turn } from "./turn.ts";

/**
 * Looks again and again.
 *
 * @throws What `retry` throws.
 */
export async function spin<T>(
  look: () => T | Refusal,
  { timeout = 60_000, signal, clock = systemClock }: RetryOptions,
): Promise<T> {
  checkTimeout(timeout);
  let start = clock.now();
  let before = start;
  for (;;) {
    const value = spinAWhile(look);
    if (!isRefusal(value)) return value;
    await turn.pass();
    signal?.throwIfAborted();
    const now = clock.now();
    if (now - before > STOPPED_MS) start = now;
    before = now;
    if (timeout > 0 && now - start >= timeout) {
      throw gaveUp(value, timeout);
    }
  }
}

/**
 * Looks again and again, until there is a value or the event loop should run:
 * the part of {@linkcode spin} that creates no promise.
 *
 * @returns The value, or the refusal of the last look.
 */
export function spinAWhile<T>(look: () => T | Refusal): T | Refusal {
  for (;;) {
    const value = look();
    if (!isRefusal(value) || turn.due()) return value;
  }
}

/** Shared by all calls on this thread. */
const turn = new Turn(10);
