/**
 * How to wait in the kernel on the one thread that JavaScript has: in a
 * synchronous call, for a short slice of time, again and again. The kernel
 * wakes us as fast as it wakes a C program; a call on another thread
 * (`nonblocking: true`) would take two more hops each time. Between slices the
 * event loop runs, so that timers and Ctrl-C work.
 *
 * Meanwhile nothing else runs on this thread: wait for one thing at a time.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { eventLoop } from "../wait/turn.ts";

const SLICE_MS = 100; // 10 turns a second cost well under 1 % of a processor

let turnedMs = performance.now(); // when the event loop last ran

/**
 * Calls `sleep` until that returns `true`.
 *
 * @param sleep Waits in the kernel for at most `ms` (whole) milliseconds.
 * `true`: the wait is over; `false`: the slice is over, or a signal came.
 * @param atMostMs Milliseconds after which the wait is over in any case.
 * @returns `undefined` if the wait was over within the first slice.
 * @throws The signal's reason, once it is aborted.
 */
export function inSlices(
  sleep: (ms: number) => boolean,
  signal: AbortSignal,
  atMostMs = Infinity,
): Promise<void> | undefined {
  signal.throwIfAborted();
  const now = performance.now();
  const left = turnedMs + SLICE_MS - now;
  if (left > 0 && sleep(Math.ceil(Math.min(left, atMostMs)))) return;
  return inMoreSlices(sleep, signal, now + atMostMs);
}

async function inMoreSlices(
  sleep: (ms: number) => boolean,
  signal: AbortSignal,
  end: number,
): Promise<void> {
  for (;;) {
    const early = performance.now() - turnedMs < SLICE_MS;
    // A signal has ended the slice: give its listener time to run.
    if (early) await delay(1);
    else await eventLoop();
    turnedMs = performance.now();
    signal.throwIfAborted();
    // Many short waits must let the event loop run, too.
    const left = Math.min(SLICE_MS, end - turnedMs);
    if (left <= 0 || sleep(Math.ceil(left))) return;
  }
}
