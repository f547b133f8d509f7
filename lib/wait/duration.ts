/**
 * Durations as the flags take them and as the log writes them.
 *
 * @module
 */

/** A timer takes up to 2^31 - 1 ms, and the errors name whole minutes. */
export const LONGEST_MINUTES = Math.floor((2 ** 31 - 1) / 60_000);

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000 };

/**
 * Reads a duration such as `200ms`, `5s`, `1.5s` or `1m`.
 *
 * @returns Milliseconds; `undefined`: the text is no duration.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseDuration("200ms"), 200);
 * assertEquals(parseDuration("1m"), 60_000);
 * assertEquals(parseDuration("0"), 0);
 * assertEquals(parseDuration("soon"), undefined);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const match = /^(\d{1,10}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text);
  if (!match) return undefined;
  const ms = Math.ceil(Number(match[1]) * UNITS[match[2]]);
  return ms <= LONGEST_MINUTES * 60_000 ? ms : undefined;
}

/**
 * Writes a duration as the lab sheet does.
 *
 * @param ms Milliseconds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(seconds(1000), "1 second");
 * assertEquals(seconds(200), "0.2 seconds");
 * assertEquals(seconds(5000), "5 seconds");
 * ```
 */
export function seconds(ms: number): string {
  return ms === 1000 ? "1 second" : `${ms / 1000} seconds`;
}
