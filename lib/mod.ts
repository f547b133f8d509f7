/**
 * ipc-lab as a library: the contract, the mechanisms, the waiting, the messages
 * and shared memory. Each has an entry of its own, too, such as
 * `@ipc-lab/ipc-lab/wait`.
 *
 * Two things are not in this entry, as they take long to load: the log, in
 * `@ipc-lab/ipc-lab/log` (it loads LogTape, which takes half a start of Deno),
 * and the line format, in `@ipc-lab/ipc-lab/message` (it loads node:buffer).
 * The code of a mechanism is loaded when it is used.
 *
 * @example A producer and a consumer over shared memory
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { END, mechanismNamed, receive, send } from "@ipc-lab/ipc-lab";
 *
 * const workers = await mechanismNamed("workers").load();
 * const address = { memory: workers.allocate?.({}) };
 *
 * await using receiver = await workers.openReceiver(address);
 * {
 *   await using sender = await workers.openSender(address);
 *   await send(sender, new TextEncoder().encode("hello"));
 * }
 * const bytes = await receive(receiver, { way: "block" });
 * assertEquals(bytes, new TextEncoder().encode("hello"));
 * assertEquals(await receive(receiver), END);
 * ```
 *
 * Two processes do the same with `mechanismNamed("fifo")` and the address
 * `{ path: "/folder/of/mine/orders.fifo" }`, started with `--allow-ffi`.
 *
 * @module
 */
export * from "./channel/mod.ts";
export {
  errorCode,
  isExpected,
  LabError,
  LockedError,
  TimeoutError,
} from "./error.ts";
export * from "./mechanism/mod.ts";
export { header } from "./message/header.ts";
export { Inbox } from "./message/inbox.ts";
export {
  type Decoder,
  type Format,
  type Header,
  MAX_BODY,
  Message,
  MessageError,
  recordOf,
} from "./message/message.ts";
export { SequenceCheck } from "./message/sequence_check.ts";
export * from "./shared_memory/mod.ts";
export * from "./wait/mod.ts";
