/**
 * The numbers of a ring's ends, between processes. Each end locks a byte of the
 * segment's file, so the others can ask whether the end of a number still
 * lives. A process id would not tell: it means another process in each pid
 * namespace, so in each container, and a new process may get it again.
 *
 * @module
 */
import { isByteLocked, lockByte } from "../posix/byte_lock.ts";
import { FREE_BYTE } from "../posix/presence.ts";
import { WORD } from "./layout.ts";

const LARGEST = 2 ** 31 - 1; // the largest value of a word

/**
 * Gives an end a number that no end before it had, and locks its byte.
 *
 * @param fd The segment's descriptor: once it is closed, even by kill -9, the
 * end counts as dead.
 * @returns 1 or greater.
 */
export function claimNumber(memory: ArrayBufferLike, fd: number): number {
  const words = new Int32Array(memory);
  for (;;) {
    // After 2^31 ends the numbers start again: a living end keeps its own.
    const number = (Atomics.add(words, WORD.lastEnd, 1) + 1) & LARGEST;
    if (number > 0 && lockByte(fd, byteOf(number), "alone")) return number;
  }
}

/** Does another end have that number? Our own `fd` does not count. */
export function isNumberTaken(fd: number, number: number): boolean {
  return isByteLocked(fd, byteOf(number));
}

function byteOf(number: number): bigint {
  return FREE_BYTE + BigInt(number);
}
