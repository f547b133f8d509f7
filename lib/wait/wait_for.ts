/**
 * The three ways to wait. Both ends of a channel only ever say "not now"; what
 * happens then is decided here.
 *
 * @module
 */
import type { Refusal } from "../channel/mod.ts";
import { block, type Ready } from "./block.ts";
import { retry, type RetryOptions } from "./retry.ts";
import { spin } from "./spin.ts";

/** How to wait: the names that `--wait` takes. */
export const WAYS = ["retry", "block", "spin"] as const;

/** One of {@linkcode WAYS}. */
export type Way = typeof WAYS[number];

/** Options for {@linkcode waitFor}. */
export interface WaitOptions extends RetryOptions {
  /**
   * Look and sleep, let the kernel wake us, or look without a rest.
   *
   * @default {"retry"}
   */
  way?: Way;
}

/**
 * Waits for a value in the way that was chosen.
 *
 * @param look Gives the value, or a {@linkcode Refusal}.
 * @param ready Waits until the next look may succeed; used by `block` alone.
 * @param refused What a look has just given: it is not repeated at once.
 * @throws As {@linkcode retry}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PENDING } from "../channel/mod.ts";
 *
 * let there = false;
 * const look = () => there ? "data" : PENDING;
 * const ready = () => Promise.resolve(void (there = true));
 * assertEquals(await waitFor(look, ready, { way: "block" }), "data");
 * ```
 */
export function waitFor<T>(
  look: () => T | Refusal,
  ready: Ready,
  options: WaitOptions = {},
  refused?: Refusal,
): Promise<T> {
  switch (options.way ?? "retry") {
    case "retry":
      return retry(look, options, refused);
    case "block":
      return block(look, ready, options, refused);
    case "spin":
      return spin(look, options);
  }
}
