/**
 * What each mechanism must lose when a consumer is killed.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import type { Allowance } from "./account.ts";

/** The fewest bytes of a record: 13 digits and a newline. */
const RECORD_BYTES = 14;
/** How much a consumer reads from a stream at once. */
const BUFFER_BYTES = 65_536;

/**
 * A stream's consumer reads ahead as much as its buffer holds, and a stream
 * takes nothing back. What the kernel holds goes when its last end is closed.
 * The soak itself keeps both ends of a pipe open, so a pipe holds what it has.
 *
 * A queue and a segment outlive their processes, and give one record at a time.
 */
export function allowanceOf({ name, properties }: Mechanism): Allowance {
  const { boundaries, capacity } = properties;
  if (boundaries || !("bytes" in capacity)) return { unsaid: 1, kernel: 0 };
  const kernelBytes = name === "pipe" ? 0 : capacity.bytes;
  return {
    unsaid: Math.ceil(BUFFER_BYTES / RECORD_BYTES),
    kernel: Math.ceil(kernelBytes / RECORD_BYTES),
  };
}

/**
 * When a whole lab is ended, all that was on its way goes with it. What was read
 * must still be the first of what was written, without a gap.
 */
export const IN_A_LAB: Allowance = { unsaid: Infinity, kernel: Infinity };
