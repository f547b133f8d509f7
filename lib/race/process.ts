/**
 * A writer of `race --via=shm`. Its one argument is a {@linkcode ProcessJob} as
 * JSON; it exits with 0 when it has finished.
 *
 * @module
 */
import { blockingProcessParking } from "../shared_memory/process_parking.ts";
import { dieWith } from "../posix/process.ts";
import { mapShared } from "../posix/shm.ts";
import { type Job, write } from "./writer.ts";

/** From the parent: what to do, on the segment that is standard input. */
export interface ProcessJob {
  job: Job;
  /** The parent's process id. */
  parent: number;
}

if (import.meta.main) {
  const { job, parent }: ProcessJob = JSON.parse(Deno.args[0]);
  if (!dieWith(parent)) Deno.exit(1);
  using segment = mapShared(0);
  write(segment.memory, blockingProcessParking, job);
}
