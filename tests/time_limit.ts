/**
 * A time limit for every test: one that hangs fails by name, where it would
 * otherwise hold up the suite for ever. `deno task test` loads this file first
 * (--preload), and no test has to know of it.
 */

/** Ten times what the slowest test takes on a quiet machine. */
const LIMIT_MS = 240_000;

const define = Deno.test as (...args: unknown[]) => void;

/** Deno.test() with a `timeout`, unless the test has one of its own. */
function test(...args: unknown[]): void {
  const given = args.findIndex((arg) => typeof arg === "object");
  if (given >= 0) {
    args[given] = { timeout: LIMIT_MS, ...args[given] as object };
  } else args.splice(-1, 0, { timeout: LIMIT_MS });
  define(...args);
}

Object.assign(Deno, { test: Object.assign(test, define) });
