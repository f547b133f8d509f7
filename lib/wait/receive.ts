/**
 * Receiving and waiting in one call.
 *
 * @module
 */
import type { CUT, END, Receiver } from "../channel/mod.ts";
import { waitFor, type WaitOptions } from "./wait_for.ts";

/**
 * Receives what comes next, and waits until it has come.
 *
 * @returns A copy of one record, or, from a byte stream, of as many bytes as
 * are there: `Properties.boundaries` tells which, and `receiver.stream` from
 * which sender. `CUT`: a sender has gone, and what it had not finished never
 * comes. `END`: every sender has closed, and nothing is left.
 * @throws {TimeoutError} If nothing comes within the timeout.
 * @throws The signal's reason, once it is aborted.
 *
 * @example Until every sender has closed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CUT, END, mechanismNamed, receive, send } from "@ipc-lab/ipc-lab";
 *
 * const { allocate, openReceiver, openSender } = await mechanismNamed("workers").load();
 * const address = { memory: allocate?.({ capacity: 4 }) };
 * await using receiver = await openReceiver(address);
 * {
 *   await using sender = await openSender(address);
 *   for (const value of [7, 8]) await send(sender, new Uint8Array([value]));
 * }
 * const values: number[] = [];
 * for (;;) {
 *   const bytes = await receive(receiver, { delay: 200, timeout: 5000 });
 *   if (bytes === END) break;
 *   if (bytes !== CUT) values.push(...bytes);
 * }
 * assertEquals(values, [7, 8]);
 * ```
 */
export async function receive(
  receiver: Receiver,
  wait: WaitOptions = {},
): Promise<Uint8Array | typeof CUT | typeof END> {
  const found = await waitFor(
    () => receiver.poll(),
    (signal) => receiver.readable(signal),
    wait,
  );
  return found instanceof Uint8Array ? found.slice() : found;
}
