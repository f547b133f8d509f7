/**
 * How far apart the two processors lie: two bare flags in shared memory, set in
 * turns by two threads, with no message at all. No mechanism can be faster. Two
 * virtual processors may be the two halves of one core now, and two cores a
 * minute later; then all figures change.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { spread } from "./summary.ts";

/** How long (ms) is measured at least. */
const MEASURE_MS = 20;
/** How often at least: a thread that starts may share our processor at first. */
const FEWEST = 20;
/** Trips between two looks at the clock. */
const TRIPS = 200;
/** If the other thread has no processor, it is given up after this time (ms). */
const GIVE_UP_MS = 1000;

/** Below this (µs) the processors lie near each other. */
const NEAR_US = 0.3;
/** Above this (µs) the two threads did not run at the same time. */
const SHARED_US = 5;

/** The words: the flag of each thread. */
const [THERE, BACK] = [0, 16]; // in cache lines of their own
const STOP = -1;

/**
 * Measures a round trip of two bare flags, in microseconds: the median of many
 * short measurements. `undefined`: the two threads did not get two processors.
 */
export async function flagTrip(): Promise<number | undefined> {
  const flags = new Int32Array(new SharedArrayBuffer(128));
  const worker = new Worker(import.meta.url, { type: "module" });
  try {
    const ready = Promise.withResolvers<void>();
    worker.onmessage = () => ready.resolve();
    worker.onerror = (event) => {
      event.preventDefault();
      ready.reject(new Error(event.message));
    };
    worker.postMessage(flags);
    await ready.promise;
    return measure(flags);
  } finally {
    Atomics.store(flags, THERE, STOP);
    worker.terminate();
  }
}

function measure(flags: Int32Array): number | undefined {
  const start = performance.now();
  const trips: number[] = [];
  let seq = 0;
  for (
    let before = start;
    before - start < MEASURE_MS || trips.length < FEWEST;
  ) {
    for (let i = 0; i < TRIPS; i++) {
      Atomics.store(flags, THERE, ++seq);
      for (let looks = 1; Atomics.load(flags, BACK) !== seq; looks++) {
        if (looks % 4096 !== 0) continue;
        if (performance.now() - start < GIVE_UP_MS) continue;
        return trips.length > 0 ? spread(trips).median : undefined;
      }
    }
    const now = performance.now();
    trips.push((now - before) / TRIPS * 1000);
    before = now;
  }
  return spread(trips).median;
}

/** The distance in words. */
export function distance(microseconds: number | undefined): string {
  if (microseconds === undefined) return "not measured";
  const where = microseconds < NEAR_US
    ? "near"
    : microseconds < SHARED_US
    ? "far"
    : "shared";
  return `${Number(microseconds.toPrecision(2))} µs, ${where}`;
}

if ("postMessage" in self) { // the other thread
  self.onmessage = ({ data: flags }: MessageEvent<Int32Array>) => {
    self.postMessage("ready");
    for (let seq = 0; seq !== STOP;) {
      const next = Atomics.load(flags, THERE);
      if (next !== seq) Atomics.store(flags, BACK, next);
      seq = next;
    }
  };
}
