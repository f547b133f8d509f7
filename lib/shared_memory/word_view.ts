/**
 * Bytes as words: four at a time.
 *
 * @module
 */

/** Looks at byte arrays as words, and remembers the last one. */
export class WordView {
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Int32Array<ArrayBufferLike> = new Int32Array(0);

  /**
   * The words of the buffer that the bytes are in, from its beginning.
   *
   * Asking an array for its buffer takes 10 ns, as long as an atomic operation,
   * and making a view of it 60: neither is done twice for the same array.
   */
  of(bytes: Uint8Array): Int32Array<ArrayBufferLike> {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      const { buffer } = bytes;
      if (buffer !== this.#words.buffer) {
        this.#words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
      }
    }
    return this.#words;
  }
}
