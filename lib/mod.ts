/**
 * ipc-lab as a library: the contract, the mechanisms, the waiting, the log, and
 * the stories of the producer and the consumer.
 *
 * @module
 */
export * from "./channel/mod.ts";
export * from "./lab/consumer.ts";
export * from "./wait/duration.ts";
export * from "./error.ts";
export * from "./message/formats.ts";
export * from "./message/format_names.ts";
export * from "./lab/input.ts";
export * from "./cli/log.ts";
export * from "./message/inbox.ts";
export * from "./mechanism/mod.ts";
export * from "./message/message.ts";
export * from "./shared_memory/mutex.ts";
export * from "./lab/output.ts";
export * from "./shared_memory/parking.ts";
export * from "./lab/producer.ts";
export * from "./cli/progress.ts";
export * from "./shared_memory/ring.ts";
export * from "./wait/mod.ts";
