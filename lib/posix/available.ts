/**
 * Tells whether the C library can be called; asking costs nothing.
 *
 * @module
 */

const NOT_PERMITTED = "it calls the C library, which needs --allow-ffi";

/**
 * Can the C library be called? It never prompts: while Deno asks at the
 * terminal, everything has to wait, even Ctrl-C.
 *
 * @returns `true`, or the reason why not.
 */
export function available(): true | string {
  if (Deno.build.os !== "linux") return "it needs Linux";
  const { state } = Deno.permissions.querySync({ name: "ffi" });
  return state === "granted" ? true : NOT_PERMITTED;
}
