/**
 * Whether foreign functions are to be had; asking costs nothing.
 *
 * @module
 */

const NOT_PERMITTED =
  "it needs foreign functions: use deno task producer:ffi and consumer:ffi, server:ffi and client:ffi";

/**
 * Can the C library be called? Never asks: a question at the terminal would keep
 * everything waiting, Ctrl-C too.
 *
 * @returns `true`, or the reason why not.
 */
export function available(): true | string {
  if (Deno.build.os !== "linux") return "it needs Linux";
  const { state } = Deno.permissions.querySync({ name: "ffi" });
  return state === "granted" ? true : NOT_PERMITTED;
}

/** The same, where there is another way. */
export function granted(): boolean {
  return available() === true;
}
