/**
 * The FIFO between a half of ours and the program, with `--side`.
 *
 * @module
 */
import type { Occupancy } from "../channel/mod.ts";
import { UsageError } from "../error.ts";
import { mechanismNamed } from "../mechanism/mod.ts";

/**
 * Runs a pair that has a FIFO of that name to itself. Leaves no FIFO behind
 * that was not there before.
 *
 * @param name None: no half is ours, and there is no such FIFO.
 * @throws {UsageError} If others have it open: values would go astray.
 */
export async function withChannel<T>(
  name: string | undefined,
  run: () => Promise<T>,
): Promise<T> {
  if (name === undefined) return await run();
  const { inspect, remove } = await mechanismNamed("fifo").load();
  const before = await inspect?.({ name });
  if (before && isUsed(before)) {
    const who = before.parent
      ? "a lab"
      : before.sender
      ? "a producer"
      : "a consumer";
    throw new UsageError(
      `Cannot use ${before.object} as ${who} has it open: ` +
        "end it, or choose another --name",
    );
  }
  try {
    return await run();
  } finally {
    // A half of ours that had to be killed has left its FIFO behind.
    const after = await inspect?.({ name });
    if (!before && after && !isUsed(after)) await remove({ name });
  }
}

function isUsed({ sender, receiver, parent }: Occupancy): boolean {
  return sender || receiver || parent;
}
