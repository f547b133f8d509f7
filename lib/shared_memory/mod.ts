/**
 * Shared memory: a ring of slots, its two ends, and a mutex.
 *
 * @module
 */
export * from "./ends.ts";
export * from "./layout.ts";
export * from "./mutex.ts";
export * from "./parking.ts";
export * from "./ring.ts";
