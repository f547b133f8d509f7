/** A random number generator with a seed, so that a failure can be repeated. */
export { lcg } from "../lib/soak/random.ts";
