/**
 * A writer of `race --via=shm`. Its one argument is a {@linkcode ProcessJob} as
 * JSON; it exits with 0 when it has written.
 *
 * @module
 */
import { blockingProcessParking } from "../shared_memory/process_parking.ts";
import { dieWith } from "../posix/process.ts";
import { openShared, unlinkShared } from "../posix/shm.ts";
import { type Part, write } from "./writer.ts";

/** From the parent: what to do, on which segment. */
export interface ProcessJob {
  part: Part;
  /** The segment's name. */
  name: string;
  /** The parent's process id. */
  parent: number;
}

if (import.meta.main) {
  const { part, name, parent }: ProcessJob = JSON.parse(Deno.args[0]);
  dieWith(parent);
  using segment = openShared(name);
  // When all have it, the name may go: then not even kill -9 leaves it behind.
  const last = () => void unlinkShared(name);
  write(segment.memory, blockingProcessParking, part, last);
}
