/**
 * The sequence numbers that a server hands out.
 *
 * @module
 */

/** Consecutive numbers. */
export interface Range {
  first: number;
  count: number;
}

/**
 * Numbers from 1 on: none is handed out twice, and none that was given back is
 * skipped for ever.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const numbers = new Numbers();
 * const range = numbers.take(3); // 1 to 3
 * assertEquals(numbers.take(2), { first: 4, count: 2 });
 * numbers.giveBack(range);
 * assertEquals(numbers.take(2), { first: 1, count: 2 });
 * assertEquals(numbers.take(2), { first: 6, count: 2 });
 * ```
 */
export class Numbers {
  /** What was given back, in order, with at least one number between them. */
  #free: Range[] = [];
  #next = 1;

  /** Takes the first range of that length. */
  take(count: number): Range {
    const found = this.#free.find((range) => range.count >= count);
    const first = found?.first ?? this.#next;
    if (found) {
      found.first += count;
      found.count -= count;
      this.#free = this.#free.filter((range) => range.count > 0);
    } else this.#next += count;
    return { first, count };
  }

  /** Gives back a range that nobody has got. */
  giveBack(range: Range): void {
    const all = [...this.#free, range].sort((a, b) => a.first - b.first);
    this.#free = [];
    for (const { first, count } of all) {
      const before = this.#free.at(-1);
      if (before && before.first + before.count === first) {
        before.count += count;
      } else this.#free.push({ first, count });
    }
    const last = this.#free.at(-1);
    if (last && last.first + last.count === this.#next) {
      this.#next = last.first;
      this.#free.pop();
    }
  }
}

/** `4 to 6`, or `4` alone. */
export function rangeText({ first, count }: Range): string {
  return count === 1 ? `${first}` : `${first} to ${first + count - 1}`;
}
