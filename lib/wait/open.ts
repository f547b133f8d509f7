/**
 * Opening an end, and waiting while another process holds the object's lock.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { LockedError } from "../error.ts";
import type { RetryOptions } from "./retry.ts";

/** Milliseconds to the next try; meanwhile Ctrl-C is heard. */
const AGAIN_MS = 10;

/**
 * Opens what `open` opens; as long as another process holds the object's lock,
 * it tries again.
 *
 * @throws {LockedError} If it is still locked after the timeout.
 * @throws The signal's reason, once it is aborted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mechanismNamed } from "@ipc-lab/ipc-lab";
 *
 * const { allocate, openSender } = await mechanismNamed("workers").load();
 * const address = { memory: allocate?.({}) };
 * await using sender = await openInTime(() => openSender(address));
 * assertEquals(sender.offer(new Uint8Array(8)), true);
 * ```
 */
export async function openInTime<Result>(
  open: () => Result,
  { timeout = 60_000, signal }: Pick<RetryOptions, "timeout" | "signal"> = {},
): Promise<Awaited<Result>> {
  const latest = timeout > 0 ? performance.now() + timeout : Infinity;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await open();
    } catch (error) {
      const locked = error instanceof LockedError;
      if (!locked || performance.now() >= latest) throw error;
    }
    await delay(AGAIN_MS, { signal });
  }
}
