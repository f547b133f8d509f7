// Locks a mutex many times, as a worker or as a process of its own: race_test.ts
// starts several of them on the same memory.
/// <reference lib="deno.worker" />
import { Mutex } from "../../lib/shared_memory/mutex.ts";
import {
  type BlockingParking,
  blockingThreadParking,
} from "../../lib/shared_memory/parking.ts";
import { blockingProcessParking } from "../../lib/shared_memory/process_parking.ts";
import { openShared } from "../../lib/posix/shm.ts";

/**
 * Increments two counters while it has the mutex. The words: the mutex, how many
 * peers have it now, how often a peer was not alone, the two counters.
 */
function incrementLocked(
  words: Int32Array<ArrayBufferLike>,
  parking: BlockingParking,
  times: number,
) {
  const mutex = new Mutex(words, 0, parking);
  for (let i = 0; i < times; i++) {
    mutex.lock();
    if (Atomics.add(words, 1, 1) !== 0) Atomics.add(words, 2, 1);
    words[3] = words[3] + 1;
    if (i % 100 === 0) Atomics.wait(idle, 0, 0, 0.1); // sometimes keep it longer
    words[4] = words[4] + 1;
    Atomics.sub(words, 1, 1);
    mutex.unlock();
  }
}

const idle = new Int32Array(new SharedArrayBuffer(4));

const [name, times] = Deno.args;
if (import.meta.main && name !== undefined) {
  using segment = openShared(name);
  const words = new Int32Array(segment.memory);
  incrementLocked(words, blockingProcessParking, Number(times));
} else {
  self.onmessage = (
    { data: { memory, times } }: MessageEvent<
      { memory: SharedArrayBuffer; times: number }
    >,
  ) => {
    incrementLocked(new Int32Array(memory), blockingThreadParking, times);
    self.postMessage(true);
  };
}
