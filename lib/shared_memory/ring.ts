/**
 * A bounded buffer in shared memory, for many senders and many receivers: a
 * ring of slots, each with a mark that says whether it is empty or full. That
 * mark is the lab sheet's -1 made safe: it is set last, in one atomic step, so
 * that nobody reads what is half written.
 *
 * The slots and their marks are those of Dmitry Vyukov's bounded queue
 * (1024cores.net). But at each end only one may be at work at a time, under a
 * lock that holds its number: so a lock whose owner was killed can be told, and
 * taken over.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { type Parking, threadParking } from "./parking.ts";
import { Words } from "./word_view.ts";

const MAGIC = 0x69706331; // "ipc1"
const VERSION = 2;

// Where the 32-bit words of the head are. What one side writes often stands 64
// bytes from what the other does: else each write takes the other's cache line.
const WORD = {
  magic: 0,
  version: 1,
  capacity: 2, // slots
  slotBytes: 3, // longest record
  sendersEver: 4, // how many senders have joined since the beginning
  senders: 5, // ... and not left: where no process can die alone
  tail: 16, // the position of the next record to come
  sending: 17, // the lock of the senders: who is at work, or 0
  head: 32, // the position of the next record to go
  receiving: 33, // the lock of the receivers
};
const HEAD_BYTES = 192;
const LONG = 256; // bytes; more are copied with set()
const SPINS = 1000; // looks at a lock that another holds
const HELD = 10; // ms to sleep on it then: its owner has lost its processor

// A slot is a cell of two cache lines, with its mark, the record's length, and
// a short record; the cells stand close together, for the processor fetches
// what follows ahead of time. A longer record stands behind all the cells.
const CELL_BYTES = 128;
const CELL_HEAD = 8;
const SHORT = CELL_BYTES - CELL_HEAD;

const ASLEEP = 4; // in a mark

/** The two roles at a ring. */
export type Role = "senders" | "receivers";

/** Where each is at work, its lock, and the mark of a slot that is ready for it. */
const ENDS = {
  senders: { word: WORD.tail, lock: WORD.sending, ready: 0 },
  receivers: { word: WORD.head, lock: WORD.receiving, ready: 1 },
} as const;

/** Bytes of memory that a ring needs. */
export function ringBytes(capacity: number, slotBytes: number): number {
  return HEAD_BYTES + capacity * (CELL_BYTES + longBytes(slotBytes));
}

/** Bytes for a record that is too long for its cell. */
function longBytes(slotBytes: number): number {
  return slotBytes > SHORT ? Math.ceil(slotBytes / 64) * 64 : 0;
}

/**
 * The ring.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const memory = new SharedArrayBuffer(ringBytes(2, 8));
 * const ring = Ring.format(memory, 2, 8);
 * assertEquals(ring.put(new Uint8Array([7])), true);
 * assertEquals(ring.take(), new Uint8Array([7]));
 * assertEquals(ring.take(), undefined);
 * ```
 */
export class Ring {
  readonly capacity: number;
  readonly slotBytes: number;
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #bytes: Uint8Array;
  readonly #longs: number; // where the long records are, a word's index
  readonly #stride: number; // from one to the next, in words
  readonly #owner: number;
  readonly #record = new Words(); // that is put in
  readonly #takenWords: Int32Array;
  readonly #taken: Uint8Array; // what take() has taken out
  #view: Uint8Array; // of it
  readonly #parking: Parking;

  /**
   * Attaches to a ring that somebody has formatted.
   *
   * @param owner Who we are, a positive number: a process id, or a worker's.
   * @throws {LabError} If the memory holds no ring, or one of another kind.
   */
  constructor(
    memory: ArrayBufferLike,
    owner = 1,
    parking: Parking = threadParking,
  ) {
    if (memory.byteLength < HEAD_BYTES) {
      throw new LabError(
        `Cannot attach to shared memory of ${memory.byteLength} bytes: a ring has at least ${HEAD_BYTES}`,
      );
    }
    const words = new Int32Array(memory, 0, memory.byteLength >> 2);
    if (Atomics.load(words, WORD.magic) !== MAGIC) {
      throw new LabError("Cannot attach to shared memory that holds no ring");
    }
    if (words[WORD.version] !== VERSION) {
      throw new LabError(
        `Cannot attach to a ring of version ${
          words[WORD.version]
        }: ours is ${VERSION}`,
      );
    }
    this.capacity = words[WORD.capacity];
    this.slotBytes = words[WORD.slotBytes];
    if (
      this.capacity < 1 || this.slotBytes < 1 ||
      ringBytes(this.capacity, this.slotBytes) > memory.byteLength
    ) {
      throw new LabError(
        `Cannot attach to a ring of ${this.capacity} slots of ${this.slotBytes} bytes in ${memory.byteLength} bytes of memory`,
      );
    }
    this.#words = words;
    this.#bytes = new Uint8Array(memory);
    this.#longs = (HEAD_BYTES + this.capacity * CELL_BYTES) >> 2;
    this.#stride = longBytes(this.slotBytes) >> 2;
    this.#owner = owner;
    this.#parking = parking;
    this.#takenWords = new Int32Array((this.slotBytes + 3) >> 2);
    this.#taken = new Uint8Array(this.#takenWords.buffer);
    this.#view = this.#taken;
  }

  /** Makes an empty ring in memory that is all zeros, and attaches to it. */
  static format(
    memory: ArrayBufferLike,
    capacity: number,
    slotBytes: number,
    owner = 1,
    parking: Parking = threadParking,
  ): Ring {
    const words = new Int32Array(memory, 0, HEAD_BYTES >> 2);
    words[WORD.version] = VERSION;
    words[WORD.capacity] = capacity;
    words[WORD.slotBytes] = slotBytes;
    Atomics.store(words, WORD.magic, MAGIC); // last: now it can be attached to
    return new Ring(memory, owner, parking);
  }

  // Positions run from 0 to twice the capacity, and start again: two laps, so
  // that a full ring is not taken for an empty one. A slot's mark in lap n, 0 or
  // 1, is 2n while it is empty for that lap's sender, 2n + 1 while it is full,
  // and then the other lap's 2n. Who sleeps until it changes adds ASLEEP.

  #lap(position: number): 0 | 1 {
    return position < this.capacity ? 0 : 1;
  }

  #slot(position: number): number {
    return position < this.capacity ? position : position - this.capacity;
  }

  #next(position: number): number {
    return position + 1 === 2 * this.capacity ? 0 : position + 1;
  }

  #markAt(position: number): number {
    return (HEAD_BYTES + this.#slot(position) * CELL_BYTES) >> 2;
  }

  /** Where a record stands, a word's index. */
  #recordAt(position: number, length: number): number {
    return length <= SHORT
      ? this.#markAt(position) + (CELL_HEAD >> 2)
      : this.#longs + this.#slot(position) * this.#stride;
  }

  /**
   * A plain load: Atomics.load takes ten times as long, and may be too old a
   * moment later just the same. Under the lock it cannot be.
   */
  #load(word: number): number {
    const position = this.#words[word];
    if (position >= 0 && position < 2 * this.capacity) return position;
    throw new LabError(
      `Cannot use the ring as it is damaged: position ${position}`,
    );
  }

  /** @returns Is it ours now? If not, another holds it for a long time. */
  #lock(word: number): boolean {
    for (let i = 0; i < SPINS; i++) {
      const owner = Atomics.compareExchange(this.#words, word, 0, this.#owner);
      if (owner === 0) return true;
    }
    return false;
  }

  #unlock(word: number) {
    Atomics.store(this.#words, word, 0);
  }

  /** Sets a mark, and wakes those who sleep on it. */
  #set(at: number, mark: number) {
    const before = Atomics.exchange(this.#words, at, mark & 3);
    if (before & ASLEEP) this.#parking.wake(this.#words, at);
  }

  /**
   * Puts a record in.
   *
   * @returns `false`: no slot is free, or the lock is not.
   * @throws {RangeError} If the record is longer than a slot.
   */
  put(record: Uint8Array): boolean {
    if (record.length > this.slotBytes) {
      throw new RangeError(
        `Cannot put ${record.length} bytes into a ring: a slot has ${this.slotBytes}`,
      );
    }
    const words = this.#words;
    for (;;) {
      const tail = this.#load(WORD.tail);
      const at = this.#markAt(tail);
      const empty = 2 * this.#lap(tail);
      if ((words[at] & 3) !== empty) {
        if (Atomics.load(words, WORD.tail) === tail) return false;
        continue; // another was faster
      }
      if (!this.#lock(WORD.sending)) return false;
      if (words[WORD.tail] !== tail || (words[at] & 3) !== empty) {
        this.#unlock(WORD.sending);
        continue;
      }
      words[WORD.tail] = this.#next(tail);
      this.#copyIn(record, this.#recordAt(tail, record.length));
      words[at + 1] = record.length;
      this.#set(at, empty + 1);
      this.#unlock(WORD.sending);
      return true;
    }
  }

  /**
   * Takes a record out.
   *
   * @returns Its bytes, valid until the next call; none at all where its sender
   * was killed in it. `undefined`: there is none, or the lock is not free.
   */
  take(): Uint8Array | undefined {
    const words = this.#words;
    for (;;) {
      const head = this.#load(WORD.head);
      const at = this.#markAt(head);
      const full = 2 * this.#lap(head) + 1;
      if ((words[at] & 3) !== full) {
        if (Atomics.load(words, WORD.head) === head) return undefined;
        continue; // another was faster
      }
      if (!this.#lock(WORD.receiving)) return undefined;
      if (words[WORD.head] !== head || (words[at] & 3) !== full) {
        this.#unlock(WORD.receiving);
        continue;
      }
      const length = words[at + 1];
      // Never trust a length that somebody else could have written.
      const size = length >= 0 && length <= this.slotBytes ? length : 0;
      this.#copyOut(this.#recordAt(head, size), size);
      words[WORD.head] = this.#next(head);
      this.#set(at, full + 1);
      this.#unlock(WORD.receiving);
      // A view costs more than all the rest: the last one often fits.
      if (this.#view.length !== size) {
        this.#view = this.#taken.subarray(0, size);
      }
      return this.#view;
    }
  }

  /**
   * Sleeps until a record comes (receivers) or a slot gets free (senders).
   *
   * @param atMost Milliseconds after which it wakes up in any case.
   * @param over Is there something else to wake up for?
   * @returns Was there something, or has somebody woken us?
   * @throws The signal's reason, once it is aborted.
   */
  async sleep(
    role: Role,
    signal: AbortSignal,
    atMost = Infinity,
    over: () => boolean = () => false,
  ): Promise<boolean> {
    const words = this.#words;
    const { word, lock, ready } = ENDS[role];
    const position = this.#load(word);
    const at = this.#markAt(position);
    const mark = Atomics.load(words, at);
    if ((mark & 3) === 2 * this.#lap(position) + ready) {
      const owner = Atomics.load(words, lock);
      if (owner !== 0) {
        await this.#parking.wait(words, lock, owner, HELD, signal);
      }
      signal.throwIfAborted();
      return true;
    }
    const asleep = mark | ASLEEP;
    if (Atomics.compareExchange(words, at, mark, asleep) !== mark) return true;
    // Look now that they know of us: who leaves later wakes us up.
    if (!over()) await this.#parking.wait(words, at, asleep, atMost, signal);
    signal.throwIfAborted();
    return Atomics.load(words, at) !== asleep;
  }

  /** Is there something to take? */
  get filled(): boolean {
    const head = this.#load(WORD.head);
    const mark = Atomics.load(this.#words, this.#markAt(head));
    return (mark & 3) === 2 * this.#lap(head) + 1;
  }

  /** How many records lie in it; a guess while somebody is at it. */
  get length(): number {
    const count = this.#load(WORD.tail) - this.#load(WORD.head);
    return count < 0 ? count + 2 * this.capacity : count;
  }

  /** How many senders have ever joined. */
  get sendersEver(): number {
    return Atomics.load(this.#words, WORD.sendersEver);
  }

  /** How many senders have joined and not left, killed ones included. */
  get senders(): number {
    return this.#words[WORD.senders];
  }

  /** A sender comes. */
  join(): void {
    Atomics.add(this.#words, WORD.senders, 1);
    Atomics.add(this.#words, WORD.sendersEver, 1);
  }

  /** A sender goes: receivers that sleep may have waited for just that. */
  leave(): void {
    const words = this.#words;
    Atomics.sub(words, WORD.senders, 1);
    const at = this.#markAt(this.#load(WORD.head));
    const mark = Atomics.load(words, at);
    if ((mark & ASLEEP) === 0) return;
    // Lost against one who sets the mark, and wakes them, too? All the better.
    Atomics.compareExchange(words, at, mark, mark & 3);
    this.#parking.wake(words, at);
  }

  /**
   * Takes over from one who was killed at work. What a sender had begun is then
   * a record without bytes; what a receiver had begun to take is gone.
   *
   * @param isAlive Does the owner of that number still run?
   * @returns Was there one?
   */
  recover(isAlive: (owner: number) => boolean): boolean {
    const sender = this.#takeOver("senders", isAlive);
    const receiver = this.#takeOver("receivers", isAlive);
    return sender || receiver;
  }

  #takeOver(role: Role, isAlive: (owner: number) => boolean): boolean {
    const words = this.#words;
    const { word, lock, ready } = ENDS[role];
    const owner = Atomics.load(words, lock);
    if (owner < 0) {
      throw new LabError(
        `Cannot use the ring as it is damaged: owner ${owner}`,
      );
    }
    if (owner === 0 || isAlive(owner)) return false;
    if (Atomics.compareExchange(words, lock, owner, this.#owner) !== owner) {
      return false; // another was faster
    }
    // Both move on first, and set the mark last: is that still to be done?
    const next = this.#load(word);
    const begun = (next === 0 ? 2 * this.capacity : next) - 1;
    const at = this.#markAt(begun);
    const mark = 2 * this.#lap(begun) + ready;
    if ((Atomics.load(words, at) & 3) === mark) {
      if (role === "senders") words[at + 1] = 0;
      this.#set(at, mark + 1);
    }
    this.#unlock(lock);
    return true;
  }

  // A loop over words beats set(), and the two views that it needs, by far. It
  // begins at the end: a receiver that spins looks at the first cache line, and
  // would take that from us while we still write the second.

  #copyIn(record: Uint8Array, at: number) {
    const { byteOffset, length } = record;
    const start = at << 2;
    const bytes = this.#bytes;
    if (length > LONG) return bytes.set(record, start);
    let i = 0;
    if ((byteOffset & 3) === 0) {
      const words = this.#words;
      const from = this.#record.of(record);
      const first = byteOffset >> 2;
      const count = length >> 2;
      for (let k = count; k-- > 0;) words[at + k] = from[first + k];
      i = count << 2;
    }
    for (; i < length; i++) bytes[start + i] = record[i];
  }

  #copyOut(at: number, size: number) {
    if (size > LONG) {
      const start = at << 2;
      this.#taken.set(this.#bytes.subarray(start, start + size));
      return;
    }
    const words = this.#words;
    const to = this.#takenWords;
    const count = (size + 3) >> 2;
    for (let i = 0; i < count; i++) to[i] = words[at++];
  }
}
