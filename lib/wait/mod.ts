/**
 * Waiting: `retry` as on the lab sheet, `waitFor` in the way that you choose
 * (retry, block, spin), and `send` and `receive`, which wait for a channel.
 *
 * @module
 */
export { TimeoutError } from "../error.ts";
export type { Ready } from "./block.ts";
export { openInTime } from "./open.ts";
export * from "./receive.ts";
export {
  type Clock,
  retry,
  retryLine,
  type RetryOptions,
  systemClock,
} from "./retry.ts";
export * from "./send.ts";
export * from "./wait_for.ts";
