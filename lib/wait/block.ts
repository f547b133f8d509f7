/**
 * Waiting in the kernel: it wakes us when there is something to have.
 *
 * @module
 */
import { isRefusal, type Refusal } from "../channel/mod.ts";
import { gaveUp, type RetryOptions } from "./retry.ts";
import { Turn } from "./turn.ts";

/** Waits until it is time to look again; `undefined`: that is now. */
export type Ready = (signal: AbortSignal) => Promise<void> | undefined;

/**
 * Looks, and while there is nothing to have, sleeps in `ready`.
 *
 * @param refused What a look has just given, where one was made.
 * @throws As `retry`.
 */
export async function block<T>(
  look: () => T | Refusal,
  ready: Ready,
  { timeout = 60_000, signal }: RetryOptions,
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
    if (isRefusal(value)) controller.abort(gaveUp(value, timeout));
  };
  // Called only when we really wait: it takes longer than many a wait.
  const listen = () => {
    if (timeout > 0) timer ??= setTimeout(giveUp, timeout);
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
      // A `ready` that returns at once, again and again, would keep timers and
      // Ctrl-C waiting.
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

/** Kept for the next wait: a new one each time keeps the garbage collector busy. */
let spare: AbortController | undefined;

/** Shared by all that block on this thread. */
const turn = new Turn(100);
