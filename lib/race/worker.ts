/**
 * A writer of `race --via=workers`. The protocol: the parent posts one
 * {@linkcode WorkerJob}, and the worker answers with exit code 0 when it has
 * finished.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { blockingThreadParking } from "../shared_memory/parking.ts";
import { type Job, write } from "./writer.ts";

/** From the parent: what to do, on which memory. */
export interface WorkerJob {
  job: Job;
  memory: SharedArrayBuffer;
}

self.onmessage = ({ data: { job, memory } }: MessageEvent<WorkerJob>) => {
  write(memory, blockingThreadParking, job);
  self.postMessage(0);
};
