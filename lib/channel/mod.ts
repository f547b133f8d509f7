/**
 * The contract: the two ends of a channel, and what a mechanism is.
 *
 * @module
 */
export * from "./channel.ts";
export * from "./mechanism.ts";
