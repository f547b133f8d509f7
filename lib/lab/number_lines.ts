/**
 * Numbers as lines, many at once: what a producer without `--input` sends.
 *
 * @module
 */

const NONE = new Uint8Array(0);

/** How many numbers a page holds: all that the last four digits can be. */
const PAGE = 10_000;
const ZERO = 48;
const NINE = 57;

/**
 * Yields pages of `count` numbers in all, from `from` on, one number a line. A
 * page is valid until the next one is asked for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [page] = numberLines(9, 2);
 * assertEquals(new TextDecoder().decode(page), "9\n10\n");
 * ```
 */
export function* numberLines(
  from: number,
  count: number,
): Generator<Uint8Array> {
  const stop = from + count;
  let page = NONE;
  for (let first = from, next; first < stop; first = next) {
    next = Math.min(first - first % PAGE + PAGE, stop);
    const whole = next - first === PAGE;
    if (whole && page.length === PAGE * `${first}\n`.length) countUp(page);
    else page = linesOf(first, next);
    yield page;
  }
}

/** The numbers from `first` to `next - 1`, one a line. */
function linesOf(first: number, next: number): Uint8Array<ArrayBuffer> {
  let text = "";
  for (let number = first; number < next; number++) text += `${number}\n`;
  return new TextEncoder().encode(text);
}

/**
 * Adds {@linkcode PAGE} to each number of a page, as an odometer does: the last
 * four digits stay. Writing the page anew takes twenty times as long.
 */
function countUp(page: Uint8Array): void {
  const size = page.length / PAGE; // bytes in a line
  for (let digit = size - 6; digit < page.length; digit += size) {
    let at = digit;
    while (page[at] === NINE) page[at--] = ZERO;
    page[at]++;
  }
}
