/**
 * Tells each call of the C library that touches a channel, for `--calls`.
 *
 * @module
 */
import { addressText, callText, isShown, manName } from "./calls.ts";
import { errno, errorName, restoreErrno, wrapCalls } from "./libc.ts";

/** A call that has returned. */
export interface Call {
  /** The function's name, as its man page has it: `mq_send`. */
  call: string;
  /** The whole line: `mq_send(5, "1\n", 2, 0) = 0`. */
  text: string;
  /** What it returned; of a pointer, 0. */
  result: number;
  /** Such as `EAGAIN`, if it failed. */
  error?: string;
  /** How long it took, in ms. */
  ms: number;
}

/**
 * From now on, tells each call after it has returned. Begin before the first
 * call; without it, calls are as fast as ever.
 *
 * @param say May make calls itself: errno(3) stays as it was.
 */
export function traceCalls(say: (call: Call) => void): void {
  const elsewhere = new Elsewhere();
  let saying = false; // the log makes calls, too
  wrapCalls((name, called) => {
    if (!isShown(name)) return called;
    return (...args) => {
      if (saying) return called(...args);
      const start = performance.now();
      const value = called(...args);
      const code = errno();
      const tell = (value: unknown, error: number) => {
        if (elsewhere.has(name, args, value)) return;
        const ms = performance.now() - start;
        const call = callOf(name, args, value, { error, ms });
        const result = name === "poll" ? args[0] as Int32Array : undefined;
        const copy = result?.slice();
        saying = true;
        say(call); // asks poll(2) for room, with the same struct pollfd
        saying = false;
        if (copy) result?.set(copy);
      };
      // On another thread, errno is that thread's: we cannot see it.
      if (value instanceof Promise) value.then((late) => tell(late, 0));
      else tell(value, code);
      restoreErrno(code);
      return value;
    };
  });
}

const MAP_FAILED = "0xffffffffffffffff";

function callOf(
  name: string,
  args: unknown[],
  value: unknown,
  { error, ms }: { error: number; ms: number },
): Call {
  const shown = typeof value === "number" ? `${value}` : addressText(value);
  const failed = shown === "-1" || shown === MAP_FAILED;
  const result = failed ? -1 : typeof value === "number" ? value : 0;
  const why = failed && error !== 0 ? errorName(error) : undefined;
  const text = `${callText(name, args, result)} = ${failed ? "-1" : shown}${
    why === undefined ? "" : ` ${why}`
  }`;
  return { call: manName(name), text, result, error: why, ms };
}

/** Finds the calls of the log, and those that look at other processes. */
class Elsewhere {
  readonly #fds = new Set<unknown>();

  has(name: string, args: unknown[], value: unknown): boolean {
    if (name === "open") {
      const there = /^open\("\/proc\/(\d|sys)/.test(callText(name, args, 0));
      if (there) this.#fds.add(value);
      return there;
    }
    // Is there room in standard error?
    if (name === "poll" && (args[0] as Int32Array)[0] === 2) return true;
    const found = this.#fds.has(args[0]);
    if (name === "close") this.#fds.delete(args[0]);
    return found;
  }
}
