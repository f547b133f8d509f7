/**
 * What the tests use of a document: Deno has no types for it.
 *
 * @module
 */

/** An element of a page. */
export interface TestElement {
  readonly innerText: string;
  readonly innerHTML: string;
  readonly textContent: string | null;
  value: string;
  click(): void;
  querySelectorAll(selector: string): ArrayLike<TestElement>;
}
