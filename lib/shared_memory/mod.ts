/**
 * Shared memory: a ring of slots, and a mutex.
 *
 * @module
 */
export { ringBytes, RingLayout } from "./layout.ts";
export { Mutex } from "./mutex.ts";
export type { BlockingParking, Parking } from "./parking.ts";
export { RingMarks, type Role } from "./marks.ts";
export { Ring } from "./ring.ts";
