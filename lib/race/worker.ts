/**
 * A writer of `race --via=workers`. The protocol: the parent posts one
 * {@linkcode WorkerJob}, the worker answers with `true` when it has written.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { blockingThreadParking } from "../shared_memory/parking.ts";
import { type Part, write } from "./writer.ts";

/** From the parent: what to do, on which memory. */
export interface WorkerJob {
  part: Part;
  memory: SharedArrayBuffer;
}

self.onmessage = ({ data: { part, memory } }: MessageEvent<WorkerJob>) => {
  write(memory, blockingThreadParking, part);
  self.postMessage(true);
};
