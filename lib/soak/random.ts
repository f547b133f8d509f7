/**
 * Random numbers from a seed, so that a round can be repeated.
 *
 * @module
 */

/** Returns a whole number from 0 to `below - 1`. */
export type Random = (below: number) => number;

/**
 * A linear congruential generator: Knuth, The Art of Computer Programming, 3.2.1,
 * with the constants of Numerical Recipes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = [lcg(7), lcg(7)];
 * assertEquals([a(100), a(100)], [b(100), b(100)]);
 * ```
 */
export function lcg(seed: number): Random {
  return (below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

/** One of these. */
export function oneOf<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)];
}
