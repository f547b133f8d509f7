/**
 * The suggestion that follows a misspelt flag or value.
 *
 * @module
 */
import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** How many letters may differ: two swapped letters count as two. */
const MOST_EDITS = 2;

/**
 * Words to append to an error; none if no name is close.
 *
 * @param text What was written.
 * @param names What could have been written.
 * @param prefix What stands before each name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(didYouMean("blok", ["block", "spin"]), ": did you mean block?");
 * assertEquals(didYouMean("vai", ["via"]), ": did you mean via?");
 * assertEquals(didYouMean("never", ["block", "spin"]), "");
 * ```
 */
export function didYouMean(
  text: string,
  names: readonly string[],
  prefix = "",
): string {
  if (names.length === 0) return "";
  const name = closestString(text, names);
  const edits = levenshteinDistance(text.toLowerCase(), name.toLowerCase());
  // A word with half of its letters changed is another word.
  const close = edits <= MOST_EDITS &&
      2 * edits < Math.max(text.length, name.length) ||
    sameLetters(text, name);
  return close ? `: did you mean ${prefix}${name}?` : "";
}

/** Are they the same letters in another order, as in `vai` for `via`? */
function sameLetters(one: string, other: string): boolean {
  const [a, b] = [one, other].map((word) => [...word.toLowerCase()].sort());
  return a.join("") === b.join("");
}
