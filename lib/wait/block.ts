/**
 * Waiting in the kernel, which wakes us when a value may be there.
 *
 * @module
 */
import { isRefusal, type Refusal } from "../channel/mod.ts";
import {
  checkTimeout,
  gaveUp,
  type RetryOptions,
  STOPPED_MS,
} from "./retry.ts";
import { Turn } from "./turn.ts";

/** Waits until it is time to look again; `undefined`: look again at once. */
export type Ready = (signal: AbortSignal) => Promise<void> | undefined;

/**
 * Looks, and as long as there is no value, sleeps in `ready`. It has no clock
 * but the machine's.
 *
 * @param refused What the last look returned, if the caller has just looked.
 * @throws What `retry` throws.
 */
export async function block<T>(
  look: () => T | Refusal,
  ready: Ready,
  { timeout = 60_000, signal }: RetryOptions,
  refused?: Refusal,
): Promise<T> {
  let value: T | Refusal = refused ?? look();
  if (!isRefusal(value)) return value;
  checkTimeout(timeout);
  signal?.throwIfAborted();
  const controller = spare ?? new AbortController();
  spare = undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const abort = () => controller.abort(signal?.reason);
  let left = timeout;
  const tick = () => {
    const step = Math.min(left, STOPPED_MS);
    const due = performance.now() + step;
    timer = setTimeout(() => {
      left = performance.now() - due > STOPPED_MS ? timeout : left - step;
      if (left > 0) tick();
      else if (isRefusal(value)) controller.abort(gaveUp(value, timeout));
    }, step);
  };
  // Called only before a real wait: it takes longer than many waits do.
  const listen = () => {
    if (timeout > 0 && timer === undefined) tick();
    signal?.addEventListener("abort", abort, { once: true });
  };
  try {
    while (isRefusal(value)) {
      controller.signal.throwIfAborted();
      const waiting = ready(controller.signal);
      if (waiting) {
        listen();
        await waiting;
      }
      // A `ready` that returns at once, again and again, would hold up timers
      // and Ctrl-C.
      if (turn.due()) {
        listen();
        await turn.pass();
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

/** Kept for the next wait: making one each time burdens garbage collection. */
let spare: AbortController | undefined;

/** Shared by all calls on this thread. */
const turn = new Turn(100);
