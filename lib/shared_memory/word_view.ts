/**
 * A view of bytes as 32-bit words.
 *
 * @module
 */

/** Views byte arrays as words, and keeps the last view. */
export class WordView {
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Int32Array<ArrayBufferLike> = new Int32Array(0);

  /**
   * Returns the words of the buffer that holds the bytes, from its beginning.
   *
   * To ask an array for its buffer takes 10 ns, as long as an atomic operation,
   * and to make a view of it 60 ns. Neither is done twice for the same array.
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
