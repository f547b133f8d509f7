/**
 * The three ways to wait. The ends of a channel only return "not now"; this
 * file decides what happens then.
 *
 * @module
 */
import type { Refusal } from "../channel/mod.ts";
import { block, type Ready } from "./block.ts";
import { retry, type RetryOptions } from "./retry.ts";
import { spin } from "./spin.ts";

/**
 * How to wait: the names that `--wait` takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(WAYS.join(), "retry,block,spin");
 * ```
 */
export const WAYS = ["retry", "block", "spin"] as const;

/** One of {@linkcode WAYS}. */
export type Way = typeof WAYS[number];

/** Options for {@linkcode waitFor}. */
export interface WaitOptions extends RetryOptions {
  /**
   * Look and sleep, let the kernel wake us, or look again and again.
   *
   * @default {"retry"}
   */
  way?: Way;
}

/**
 * Waits for a value in the way that was chosen.
 *
 * @param look Returns the value, or a {@linkcode Refusal}.
 * @param ready Waits until the next look may succeed; only `block` uses it.
 * @param refused What the last look returned, if the caller has just looked.
 * @throws What {@linkcode retry} throws.
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
