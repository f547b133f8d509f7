/**
 * How to wait in the kernel on the one thread that JavaScript has: in a
 * synchronous call, for a short slice of time, again and again. The kernel
 * wakes us as fast as it wakes a C program; a call on another thread
 * (`nonblocking: true`) would take two more hops each time. Between slices the
 * event loop has its turn, so that timers run and Ctrl-C is heard.
 *
 * Meanwhile nothing else runs on this thread: wait for one thing at a time.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { eventLoop } from "../wait/turn.ts";

const SLICE_MS = 100; // 10 turns a second cost well under 1 % of a processor

let turned = performance.now();

/**
 * Calls `sleep` until it has what it waits for.
 *
 * @param sleep Waits in the kernel for at most that many milliseconds (a whole
 * number). `true`: the wait is over; `false`: the slice is, or a signal came.
 * @param atMostMs Milliseconds after which the wait is over in any case.
 * @returns Nothing where it was over within the first slice.
 * @throws The signal's reason, once it is aborted.
 */
export function inSlices(
  sleep: (ms: number) => boolean,
  signal: AbortSignal,
  atMostMs = Infinity,
): Promise<void> | undefined {
  signal.throwIfAborted();
  const now = performance.now();
  const left = turned + SLICE_MS - now;
  if (left > 0 && sleep(Math.ceil(Math.min(left, atMostMs)))) return;
  return inMoreSlices(sleep, signal, now + atMostMs);
}

async function inMoreSlices(
  sleep: (ms: number) => boolean,
  signal: AbortSignal,
  end: number,
): Promise<void> {
  for (;;) {
    const early = performance.now() - turned < SLICE_MS;
    // Cut short by a signal: its listener has some threads to come through.
    if (early) await delay(1);
    else await eventLoop();
    turned = performance.now();
    signal.throwIfAborted();
    // Waits that are short but many must not keep the event loop out, either.
    const left = Math.min(SLICE_MS, end - turned);
    if (left <= 0 || sleep(Math.ceil(left))) return;
  }
}
