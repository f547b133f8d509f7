/**
 * Sending and waiting in one call.
 *
 * @module
 */
import type { Sender } from "../channel/mod.ts";
import { waitFor, type WaitOptions } from "./wait_for.ts";

/**
 * Sends one record: offers it, and waits as long as the channel is full or has
 * no receiver.
 *
 * Make one call at a time for each sender. After a timeout, a part of a long
 * record may be written already.
 *
 * @param bytes 1 to `sender.limit` bytes; do not change them until it returns.
 * @throws {RangeError} If there are more bytes, or none.
 * @throws {TimeoutError} If the record is not taken within the timeout.
 * @throws The signal's reason, once it is aborted.
 *
 * @example A message to another worker
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mechanismNamed, receive, send } from "@ipc-lab/ipc-lab";
 *
 * const { allocate, openReceiver, openSender } = await mechanismNamed("workers").load();
 * const address = { memory: allocate?.({ capacity: 4 }) };
 * await using sender = await openSender(address);
 * await using receiver = await openReceiver(address);
 * await send(sender, new Uint8Array([1, 2, 3]), { way: "block" });
 * assertEquals(await receive(receiver), new Uint8Array([1, 2, 3]));
 * ```
 */
export async function send(
  sender: Sender,
  bytes: Uint8Array,
  wait: WaitOptions = {},
): Promise<void> {
  const { length } = bytes;
  if (length < 1 || length > sender.limit) {
    throw new RangeError(
      `Cannot send ${length} bytes: a record has 1 to ${sender.limit}`,
    );
  }
  await waitFor(
    () => sender.offer(bytes),
    (signal) => sender.writable(signal),
    wait,
  );
}
