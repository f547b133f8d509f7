/**
 * Waiting: retry, block, spin; durations, and turns for the event loop.
 *
 * @module
 */
export * from "./block.ts";
export * from "./duration.ts";
export * from "./rate_limit.ts";
export * from "./retry.ts";
export * from "./spin.ts";
export * from "./turn.ts";
export * from "./wait_for.ts";
