/**
 * ipc-lab as a library: the contract, the mechanisms, the waiting, the messages,
 * shared memory and the log.
 *
 * @module
 */
export * from "./channel/mod.ts";
export * from "./cli/log.ts";
export * from "./error.ts";
export * from "./mechanism/mod.ts";
export * from "./message/mod.ts";
export * from "./shared_memory/mod.ts";
export * from "./wait/mod.ts";
