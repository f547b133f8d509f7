/**
 * A writer of `race --via=shm`. Its one argument is a {@linkcode ProcessJob} as
 * JSON; it exits with 0 when it has finished.
 *
 * @module
 */
import { blockingProcessParking } from "../shared_memory/process_parking.ts";
import { dieWith } from "../posix/process.ts";
import { openShared, unlinkShared } from "../posix/shm.ts";
import { type Job, write } from "./writer.ts";

/** From the parent: what to do, on which segment. */
export interface ProcessJob {
  job: Job;
  /** The segment's name. */
  name: string;
  /** The parent's process id. */
  parent: number;
}

if (import.meta.main) {
  const { job, name, parent }: ProcessJob = JSON.parse(Deno.args[0]);
  dieWith(parent);
  using segment = openShared(name);
  // When all writers have opened the segment, nobody needs its name any more.
  // Without a name, not even kill -9 leaves the segment behind.
  const removeName = () => void unlinkShared(name);
  write(segment.memory, blockingProcessParking, job, removeName);
}
