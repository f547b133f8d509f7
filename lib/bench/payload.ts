/**
 * The messages that the benchmark sends: a number that counts up, and a pattern
 * after it. So the receiver finds each wrong byte, each missing message and each
 * message that came twice.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { WordView } from "../shared_memory/word_view.ts";

/** The number of the message that ends a measurement. */
export const STOP = -1;

/**
 * A message's first word: odd in a numbered message, 0 in the message that ends
 * a measurement. So the first byte tells the two apart.
 */
function firstWord(seq: number): number {
  return seq === STOP ? 0 : 2 * seq + 1;
}

/** From this size on, memcmp(3) is faster than a loop, with the two views for it. */
const LARGE_BYTES = 512;

/** One message, or several in a row. */
export class Payload {
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;
  /** Words of a message. */
  readonly #stride: number;

  /**
   * @param size Bytes of a message: 8 or more, a multiple of 4.
   * @param batch How many messages.
   */
  constructor(size: number, batch = 1) {
    this.#stride = size >> 2;
    this.#words = new Int32Array(this.#stride * batch);
    for (let i = 0; i < this.#words.length; i++) {
      this.#words[i] = Math.imul(i % this.#stride, 0x9e3779b1) | 1;
    }
    this.bytes = new Uint8Array(this.#words.buffer);
  }

  /** Numbers the messages, from `seq` on. */
  number(seq: number): void {
    const words = this.#words;
    for (let at = 0; at < words.length; at += this.#stride) {
      words[at] = firstWord(seq++);
    }
  }
}

/** Checks the bytes that arrive, in pieces of any length. */
export class Check {
  /** The number of the last whole message. */
  last = 0;
  readonly #size: number;
  readonly #expected: Payload;
  readonly #words: Int32Array;
  /** The number of the message that is expected. */
  #seq = 1;
  /** How many bytes of it have arrived. */
  #offset = 0;
  /** Does it end the measurement? */
  #stop = false;
  readonly #arrived = new WordView();

  /** @param size Bytes of a message. */
  constructor(size: number) {
    this.#size = size;
    this.#expected = new Payload(size);
    this.#words = new Int32Array(this.#expected.bytes.buffer);
    this.#words[0] = firstWord(this.#seq);
  }

  /**
   * Compares bytes with what is expected.
   *
   * @returns How many messages they complete. The message that ends the
   * measurement does not count: see {@linkcode over}.
   * @throws {Error} If a byte is wrong.
   */
  take(bytes: Uint8Array): number {
    let count = 0;
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(this.#size - this.#offset, bytes.length - at);
      if (this.#offset === 0 && bytes[at] === 0) this.#expectLast();
      if (!this.#equals(bytes, at, length)) this.#fail(bytes, at, length);
      at += length;
      this.#offset += length;
      if (this.#offset < this.#size) break;
      this.#offset = 0;
      if (this.#stop) break;
      this.last = this.#seq++;
      this.#words[0] = firstWord(this.#seq);
      count++;
    }
    return count;
  }

  /** Has the message arrived that ends the measurement? */
  get over(): boolean {
    return this.#stop && this.#offset === 0;
  }

  #expectLast() {
    this.#stop = true;
    this.#words[0] = firstWord(STOP);
  }

  #equals(bytes: Uint8Array, at: number, length: number): boolean {
    const offset = this.#offset;
    const expected = this.#expected.bytes;
    if (length >= LARGE_BYTES) {
      return Buffer.compare(
        bytes.subarray(at, at + length),
        expected.subarray(offset, offset + length),
      ) === 0;
    }
    const place = bytes.byteOffset + at;
    if (((place | offset | length) & 3) === 0) {
      return this.#equalWords(bytes, place, length);
    }
    for (let i = 0; i < length; i++) {
      if (bytes[at + i] !== expected[offset + i]) return false;
    }
    return true;
  }

  /** Compares four bytes at a time. */
  #equalWords(bytes: Uint8Array, place: number, length: number): boolean {
    const arrived = this.#arrived.of(bytes);
    const words = this.#words;
    let at = place >> 2;
    let wrong = 0;
    const end = (this.#offset + length) >> 2;
    for (let i = this.#offset >> 2; i < end; i++) {
      wrong |= arrived[at++] ^ words[i];
    }
    return wrong === 0;
  }

  #fail(bytes: Uint8Array, at: number, length: number): never {
    const expected = this.#expected.bytes;
    let i = 0;
    while (i < length && bytes[at + i] === expected[this.#offset + i]) i++;
    throw new Error(
      `Wrong byte ${this.#offset + i} of message ${this.#seq}: ${
        bytes[at + i]
      } instead of ${expected[this.#offset + i]}`,
    );
  }
}
