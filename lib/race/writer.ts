/**
 * One writer of the race: it increments a word of memory that others increment
 * at the same time, as often as it was told to.
 *
 * @module
 */
import { Mutex } from "../shared_memory/mutex.ts";
import type { BlockingParking } from "../shared_memory/parking.ts";

// Where the 32-bit words are: 64 bytes apart, so that each has its cache line.
const WORD = {
  counter: 0, // the one memory location
  mutex: 16,
  arrived: 32, // how many writers stand at the start
  awake: 33, // how many of them are up again
  zero: 48, // always 0
};
const HEAD_BYTES = 256; // then the time of each writer, 8 bytes, in ms

/** Bytes of memory that a race needs. */
export function raceBytes(workers: number): number {
  return HEAD_BYTES + 8 * workers;
}

type Increments = (
  words: Int32Array<ArrayBufferLike>,
  times: number,
  mutex: Mutex,
) => void;

/** How the word is protected, as `--lock` names it. */
export const LOCKS = ["none", "atomic", "mutex"] as const;

/** One of the {@linkcode LOCKS}. */
export type Lock = typeof LOCKS[number];

const INCREMENTS: Record<Lock, Increments> = {
  none(words, times) {
    // The compiler cannot know that this is 0. To it, each turn of the loop may
    // be at another word, so it must load and store each time.
    const zero = words[WORD.zero];
    for (let i = 0; i < times; i++) {
      const at = WORD.counter + (i & zero);
      words[at] = words[at] + 1; // three steps: load, add, store
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

const WARM_UP = 20_000; // increments, after which all is compiled
const ROUNDS = 5;

/** What a writer has to do. */
export interface Part {
  /** Which one it is, from 0. */
  writer: number;
  /** How many writers there are. */
  workers: number;
  /** How many increments each of them makes. */
  times: number;
  lock: Lock;
}

/**
 * Waits at the start until all are there, and writes.
 *
 * @param memory {@linkcode raceBytes} of it, all zeros in the beginning.
 * @param last Called by the one who comes last, before the start.
 */
export function write(
  memory: ArrayBufferLike,
  parking: BlockingParking,
  { writer, workers, times, lock }: Part,
  last: () => void = () => {},
): void {
  const words = new Int32Array(memory, 0, HEAD_BYTES >> 2);
  const increments = INCREMENTS[lock];
  warmUp(increments, parking);
  const mutex = new Mutex(words, WORD.mutex, parking);
  arrive(words, workers, parking, last);
  const start = performance.now();
  increments(words, times, mutex);
  new Float64Array(memory, HEAD_BYTES)[writer] = performance.now() - start;
}

function warmUp(increments: Increments, parking: BlockingParking): void {
  const words = new Int32Array(HEAD_BYTES >> 2); // our own
  const mutex = new Mutex(words, WORD.mutex, parking);
  for (let i = 0; i < ROUNDS; i++) increments(words, WARM_UP, mutex);
}

const YAWN = 50; // ms that they give each other to wake up

/**
 * A barrier: all sleep until the last one is there, who wakes them. A sleeper
 * takes longer to wake up than many an increment, so they look out for each
 * other before they go: here, with nothing measured yet, a short spin is right.
 */
function arrive(
  words: Int32Array<ArrayBufferLike>,
  workers: number,
  parking: BlockingParking,
  last: () => void,
): void {
  let there = Atomics.add(words, WORD.arrived, 1) + 1;
  if (there === workers) {
    last();
    parking.wake(words, WORD.arrived, workers);
  }
  while (there < workers) {
    parking.wait(words, WORD.arrived, there);
    there = Atomics.load(words, WORD.arrived);
  }
  Atomics.add(words, WORD.awake, 1);
  const latest = performance.now() + YAWN;
  while (
    Atomics.load(words, WORD.awake) < workers && performance.now() < latest
  );
}

/** How a race went. */
export interface Result {
  /** What is in the memory location after it. */
  counter: number;
  /** Nanoseconds that an increment took its writer, on average. */
  ns: number;
}

/** Reads the result when all have written. */
export function resultOf(memory: ArrayBufferLike, times: number): Result {
  const ms = new Float64Array(memory, HEAD_BYTES);
  const sum = ms.reduce((sum, each) => sum + each, 0);
  return {
    counter: new Int32Array(memory, 0, HEAD_BYTES >> 2)[WORD.counter],
    ns: sum / ms.length / times * 1e6,
  };
}
