/**
 * One writer of the race: it increments a word of shared memory while other
 * writers increment the same word.
 *
 * @module
 */
import { Mutex } from "../shared_memory/mutex.ts";
import type { BlockingParking } from "../shared_memory/parking.ts";

/**
 * Where each 32-bit word lies. They are 64 bytes apart, so that each has a cache
 * line of its own.
 */
const WORD = {
  /** The one memory location that all writers increment. */
  counter: 0,
  mutex: 16,
  /** How many writers have arrived at the start. */
  arrived: 32,
  /** How many writers have woken up after the last arrival. */
  awake: 33,
  /** Always 0. */
  zero: 48,
};

/**
 * Bytes of these words; then come 8 bytes for the time of each writer, in ms,
 * and 8 bytes for how many increments it has made so far.
 */
const HEADER_BYTES = 256;
/** After this many increments, a writer says how far it is. */
const PART_TIMES = 1_000_000;

/** Bytes of memory that a race needs. */
export function raceBytes(writers: number): number {
  return HEADER_BYTES + 16 * writers;
}

type Increments = (
  words: Int32Array<ArrayBufferLike>,
  times: number,
  mutex: Mutex,
) => void;

/** How the counter is protected, as `--lock` names it. */
export const LOCKS = ["none", "atomic", "mutex"] as const;

/** One of the {@linkcode LOCKS}. */
export type Lock = typeof LOCKS[number];

const INCREMENTS: Record<Lock, Increments> = {
  none(words, times) {
    // The compiler cannot know that this word is 0. Each turn of the loop might
    // be at another word, so it must load and store in each turn.
    const zero = words[WORD.zero];
    for (let i = 0; i < times; i++) {
      const index = WORD.counter + (i & zero);
      words[index] = words[index] + 1; // three steps: load, add, store
    }
  },
  atomic(words, times) {
    for (let i = 0; i < times; i++) Atomics.add(words, WORD.counter, 1);
  },
  mutex(words, times, mutex) {
    for (let i = 0; i < times; i++) {
      mutex.lock();
      words[WORD.counter] = words[WORD.counter] + 1;
      mutex.unlock();
    }
  },
};

/** What a writer has to do. */
export interface Job {
  /** The writer's number, from 0. */
  writer: number;
  /** How many writers there are. */
  writers: number;
  /** How many increments each of them makes. */
  times: number;
  lock: Lock;
}

/**
 * Waits at the start until all writers run, and then increments.
 *
 * @param memory As many bytes as {@linkcode raceBytes} says, all zeros at first.
 */
export function write(
  memory: ArrayBufferLike,
  parking: BlockingParking,
  { writer, writers, times, lock }: Job,
): void {
  const words = new Int32Array(memory, 0, HEADER_BYTES >> 2);
  const increments = INCREMENTS[lock];
  warmUp(increments, parking);
  const mutex = new Mutex(words, WORD.mutex, parking);
  passBarrier(words, writers, parking);
  const figures = new Float64Array(memory, HEADER_BYTES);
  const start = performance.now();
  for (let done = 0; done < times;) {
    const part = Math.min(PART_TIMES, times - done);
    increments(words, part, mutex);
    done += part;
    figures[writers + writer] = done;
  }
  figures[writer] = performance.now() - start;
}

/** After this many increments, this many times, the loop has been compiled. */
const WARM_UP_TIMES = 20_000;
const WARM_UP_CALLS = 5;

/** Has the loop compiled before it is measured, on memory that nobody shares. */
function warmUp(increments: Increments, parking: BlockingParking): void {
  const words = new Int32Array(HEADER_BYTES >> 2);
  const mutex = new Mutex(words, WORD.mutex, parking);
  for (let call = 0; call < WARM_UP_CALLS; call++) {
    increments(words, WARM_UP_TIMES, mutex);
  }
}

/**
 * A barrier: returns when every writer is awake. First each writer sleeps until
 * the last one has arrived. To wake up takes longer than thousands of
 * increments, so then each writer spins until all are awake. Nothing is measured
 * yet, so the spinning distorts no figure.
 */
function passBarrier(
  words: Int32Array<ArrayBufferLike>,
  writers: number,
  parking: BlockingParking,
): void {
  let arrived = Atomics.add(words, WORD.arrived, 1) + 1;
  if (arrived === writers) parking.wake(words, WORD.arrived, writers);
  while (arrived < writers) {
    parking.wait(words, WORD.arrived, arrived);
    arrived = Atomics.load(words, WORD.arrived);
  }
  Atomics.add(words, WORD.awake, 1);
  while (Atomics.load(words, WORD.awake) < writers);
}

/** How a race went. */
export interface Result {
  /** The counter's value after it. */
  counter: number;
  /** Nanoseconds that a writer needed for an increment, on average. */
  nsPerIncrement: number;
}

/** Reads the result after all writers have finished. */
export function resultOf(memory: ArrayBufferLike, times: number): Result {
  const figures = new Float64Array(memory, HEADER_BYTES);
  const writersMs = figures.subarray(0, figures.length / 2);
  const sumMs = writersMs.reduce((sum, ms) => sum + ms, 0);
  return {
    counter: new Int32Array(memory, 0, HEADER_BYTES >> 2)[WORD.counter],
    nsPerIncrement: sumMs / writersMs.length / times * 1e6,
  };
}

/**
 * How far a race is while it runs.
 *
 * @returns `done`: increments that were made at least, of all writers.
 */
export function progressOf(
  memory: ArrayBufferLike,
  writers: number,
): { done: number; counter: number } {
  const figures = new Float64Array(memory, HEADER_BYTES);
  // First what is done, then the word: else a fast writer would hide a loss.
  const done = figures.subarray(writers, 2 * writers)
    .reduce((sum, made) => sum + made, 0);
  return { done, counter: new Int32Array(memory, 0, 1)[WORD.counter] };
}
