/**
 * Whether foreign functions are to be had; asking costs nothing.
 *
 * @module
 */

/** What one can do where they are not permitted. */
export const NOT_PERMITTED =
  "it needs foreign functions: use deno task producer:ffi and consumer:ffi";

/** Is it permitted to call the C library, without a question? */
export function granted(): boolean {
  return Deno.build.os === "linux" &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/**
 * Can the C library be called? Never asks, but where Deno would ask at the
 * terminal on first use, the answer is yes.
 *
 * @returns `true`, or the reason why not.
 */
export function available(): true | string {
  if (Deno.build.os !== "linux") return "it needs Linux";
  const { state } = Deno.permissions.querySync({ name: "ffi" });
  if (state === "granted") return true;
  const asks = Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  return state === "prompt" && asks ? true : NOT_PERMITTED;
}
