/**
 * How many values have moved and how many are missing, in words.
 *
 * @module
 */

/** Counts the values of one process. */
export class Tally {
  /** Values that were written or read. */
  values = 0;
  /** Bad messages, which do not count as values. */
  bad = 0;
  readonly #did: "read" | "written";
  readonly #total?: number;

  /** @param total How many values are expected, if that is known. */
  constructor(did: "read" | "written", total?: number) {
    this.#did = did;
    this.#total = total;
  }

  /** How many may still come. */
  get left(): number {
    return (this.#total ?? Infinity) - this.values - this.bad;
  }

  /**
   * What is missing.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   *
   * const tally = new Tally("written", 10);
   * tally.values = 6;
   * assertEquals(
   *   tally.words,
   *   "6 of 10 values were written, 4 are missing",
   * );
   * ```
   */
  get words(): string {
    const { values } = this;
    if (this.#total === undefined) {
      const end = this.#did === "read" ? ", the end did not come" : "";
      return `${wereMoved(values)} ${this.#did}${end}`;
    }
    const of = amount(this.#total, "value");
    const verb = values === 1 || this.#total === 1 ? "was" : "were";
    const missing = `${this.left} ${this.left === 1 ? "is" : "are"} missing`;
    return `${values} of ${of} ${verb} ${this.#did}, ${missing}`;
  }
}

/** `1 value was`, `2 values were`. */
export function wereMoved(values: number): string {
  return `${amount(values, "value")} ${values === 1 ? "was" : "were"}`;
}

/**
 * A number and its noun.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 2].map((n) => amount(n, "byte")), ["1 byte", "2 bytes"]);
 * ```
 */
export function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
