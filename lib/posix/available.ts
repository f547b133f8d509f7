/**
 * Whether foreign functions are to be had; asking costs nothing.
 *
 * @module
 */

const NOT_PERMITTED = "it calls the C library, which wants --allow-ffi";

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
