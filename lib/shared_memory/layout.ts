/**
 * Where everything lies in the memory of a ring: a head, then the cells, then
 * the records that are too long for their cells.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { WordView } from "./word_view.ts";

const MAGIC = 0x69706331; // "ipc1"
const VERSION = 4;

/**
 * Where the 32-bit words of the head are. The words that senders write often
 * are 64 bytes away from those that receivers write. In one cache line, each
 * write would take the line away from the other side.
 */
export const WORD = {
  magic: 0,
  version: 1,
  /** How many slots there are. */
  capacity: 2,
  /** The longest record, in bytes. */
  slotBytes: 3,
  /** How many senders have joined since the beginning. */
  sendersEver: 4,
  /** How many senders have joined and not left; killed senders never leave. */
  senders: 5,
  /** The number of the end that was numbered last. */
  lastEnd: 6,
  /** The position of the next record to be put in. */
  tail: 16,
  /** The senders' lock: the number of the end that puts a record in, or 0. */
  sending: 17,
  /** The position of the next record to be taken out. */
  head: 32,
  /** The receivers' lock: the number of the end that takes a record out, or 0. */
  receiving: 33,
} as const;
const HEAD_BYTES = 192;

// A cell is two cache lines: the slot's mark, the record's length, and the
// record if it is short enough. The cells lie one after the other, because the
// processor fetches the next cache line ahead of time.
const CELL_BYTES = 128;
const CELL_HEAD_BYTES = 8;
const SHORT_BYTES = CELL_BYTES - CELL_HEAD_BYTES;

/** A record of more bytes is copied by `set()`, a shorter one word by word. */
const WORD_BY_WORD_BYTES = 256;

/**
 * How many bytes of memory a ring needs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * // A longer record lies behind the cells.
 * assertEquals(ringBytes(2, 200) > ringBytes(2, 8), true);
 * ```
 */
export function ringBytes(capacity: number, slotBytes: number): number {
  return HEAD_BYTES + capacity * (CELL_BYTES + longRecordBytes(slotBytes));
}

/** How many bytes each slot has after the cells, if a cell is too small. */
function longRecordBytes(slotBytes: number): number {
  return slotBytes > SHORT_BYTES ? Math.ceil(slotBytes / 64) * 64 : 0;
}

/** Writes the head of an empty ring into memory that is all zeros. */
export function formatRing(
  memory: ArrayBufferLike,
  capacity: number,
  slotBytes: number,
): void {
  const words = new Int32Array(memory, 0, HEAD_BYTES >> 2);
  words[WORD.version] = VERSION;
  words[WORD.capacity] = capacity;
  words[WORD.slotBytes] = slotBytes;
  Atomics.store(words, WORD.magic, MAGIC); // last: now it is a ring
}

/**
 * A ring's memory, seen as words and bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const memory = new SharedArrayBuffer(ringBytes(2, 8));
 * formatRing(memory, 2, 8);
 * const { capacity, slotBytes } = new RingLayout(memory);
 * assertEquals([capacity, slotBytes], [2, 8]);
 * ```
 */
export class RingLayout {
  /** How many records it holds. */
  readonly capacity: number;
  /** The longest record, in bytes. */
  readonly slotBytes: number;
  /** All of the memory. */
  protected readonly words: Int32Array<ArrayBufferLike>;
  readonly #bytes: Uint8Array;
  readonly #longRecords: number; // the index of their first word
  readonly #longWords: number; // how many words each takes
  readonly #record = new WordView(); // on the record that is copied in
  readonly #takenWords: Int32Array;
  readonly #taken: Uint8Array; // the record that was copied out
  #view: Uint8Array; // on the bytes of that record

  /**
   * Checks the memory of a ring, and makes its views.
   *
   * @throws {LabError} If the memory holds no ring, or one of another kind.
   */
  constructor(memory: ArrayBufferLike) {
    const { byteLength } = memory;
    const words = new Int32Array(memory, 0, byteLength >> 2);
    const refuse = (what: string) => {
      throw new LabError(`Cannot attach to ${what}`);
    };
    if (byteLength < HEAD_BYTES) {
      refuse(
        `shared memory of ${byteLength} bytes: a ring has at least ${HEAD_BYTES}`,
      );
    }
    if (Atomics.load(words, WORD.magic) !== MAGIC) {
      refuse("shared memory that holds no ring");
    }
    const version = words[WORD.version];
    if (version !== VERSION) {
      refuse(`a ring of version ${version}: ours is ${VERSION}`);
    }
    this.capacity = words[WORD.capacity];
    this.slotBytes = words[WORD.slotBytes];
    if (
      this.capacity < 1 || this.slotBytes < 1 ||
      ringBytes(this.capacity, this.slotBytes) > byteLength
    ) {
      refuse(
        `a ring of ${this.capacity} slots of ${this.slotBytes} bytes in ${byteLength} bytes of memory`,
      );
    }
    this.words = words;
    this.#bytes = new Uint8Array(memory);
    this.#longRecords = (HEAD_BYTES + this.capacity * CELL_BYTES) >> 2;
    this.#longWords = longRecordBytes(this.slotBytes) >> 2;
    this.#takenWords = new Int32Array((this.slotBytes + 3) >> 2);
    this.#taken = new Uint8Array(this.#takenWords.buffer);
    this.#view = this.#taken;
  }

  // Positions run from 0 up to twice the capacity, and start again at 0. With
  // two laps, a full ring differs from an empty one.

  /** The lap of a position. */
  protected lapOf(position: number): 0 | 1 {
    return position < this.capacity ? 0 : 1;
  }

  /** The position that follows. */
  protected after(position: number): number {
    return position + 1 === 2 * this.capacity ? 0 : position + 1;
  }

  /** The position that comes before. */
  protected before(position: number): number {
    return (position === 0 ? 2 * this.capacity : position) - 1;
  }

  #slotOf(position: number): number {
    return position < this.capacity ? position : position - this.capacity;
  }

  /** The index of the slot's mark; the next word is the record's length. */
  protected markAt(position: number): number {
    return (HEAD_BYTES + this.#slotOf(position) * CELL_BYTES) >> 2;
  }

  /** The index of the first word of a record. */
  #recordAt(position: number, length: number): number {
    return length <= SHORT_BYTES
      ? this.markAt(position) + (CELL_HEAD_BYTES >> 2)
      : this.#longRecords + this.#slotOf(position) * this.#longWords;
  }

  // A loop over words is much faster than set(), which needs two views. It runs
  // backwards: a receiver that spins reads the first cache line, and would take
  // that line away from us while we still write the second.

  /** Copies a record into the slot of a position. */
  protected copyIn(record: Uint8Array, position: number): void {
    const { byteOffset, length } = record;
    const at = this.#recordAt(position, length);
    const bytes = this.#bytes;
    const start = at << 2;
    if (length > WORD_BY_WORD_BYTES) return bytes.set(record, start);
    let i = 0;
    if ((byteOffset & 3) === 0) {
      const { words } = this;
      const from = this.#record.of(record);
      const first = byteOffset >> 2;
      const count = length >> 2;
      for (let k = count; k-- > 0;) words[at + k] = from[first + k];
      i = count << 2;
    }
    for (; i < length; i++) bytes[start + i] = record[i];
  }

  /** Copies a record out. @returns Its bytes, valid until the next call. */
  protected copyOut(position: number, length: number): Uint8Array {
    let at = this.#recordAt(position, length);
    if (length > WORD_BY_WORD_BYTES) {
      const start = at << 2;
      this.#taken.set(this.#bytes.subarray(start, start + length));
    } else {
      const { words } = this;
      const to = this.#takenWords;
      const count = (length + 3) >> 2;
      for (let i = 0; i < count; i++) to[i] = words[at++];
    }
    // A new view costs more than all the rest, and the last one often fits.
    if (this.#view.length !== length) {
      this.#view = this.#taken.subarray(0, length);
    }
    return this.#view;
  }
}
