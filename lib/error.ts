/**
 * A failure that the user can do something about. Its message says the action,
 * the value and what is allowed; no stack is shown with it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const error = new LabError("Cannot use 7 as a name: choose a letter");
 * assertEquals(isExpected(error), true);
 * ```
 */
export class LabError extends Error {
  /** The class's name, for `error.name`. */
  override name = "LabError";
}

/**
 * The command line is wrong: exit code 2.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new UsageError("Cannot use --x").name, "UsageError");
 * ```
 */
export class UsageError extends LabError {
  /** The class's name, for `error.name`. */
  override name = "UsageError";
}

/**
 * A wait was given up because nothing moved within its timeout.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new TimeoutError("gave up") instanceof LabError, true);
 * ```
 */
export class TimeoutError extends LabError {
  /** The class's name, for `error.name`. */
  override name = "TimeoutError";
}

/**
 * Another process has held the lock of an object for too long: it was stopped
 * in the middle of a step, or it is a program that is not ours.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new LockedError("locked") instanceof LabError, true);
 * ```
 */
export class LockedError extends LabError {
  /** The class's name, for `error.name`. */
  override name = "LockedError";
}

/**
 * The code of a system error; `undefined` for any other value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * try {
 *   Deno.statSync("lib/nothing_here");
 * } catch (error) {
 *   assertEquals(errorCode(error), "ENOENT");
 * }
 * ```
 */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error &&
      typeof error.code === "string"
    ? error.code
    : undefined;
}

/**
 * Did the other end, the user or the system cause it, and not our own code?
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isExpected(new LabError("no room")), true);
 * assertEquals(isExpected(new TypeError("a defect")), false);
 * ```
 */
export function isExpected(error: unknown): error is Error {
  return error instanceof LabError || errorCode(error) !== undefined;
}

/**
 * The system's words for an error, without those that the runtime adds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * try {
 *   Deno.statSync("lib/nothing_here");
 * } catch (error) {
 *   assertEquals(reason(error), "No such file or directory");
 * }
 * ```
 */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) return error.message;
  return error.message.replace(/ \(os error \d+\).*/, "");
}
