/**
 * A bounded buffer in shared memory, for many senders and many receivers: a
 * ring of slots, each with a mark that says whether it is empty or full. That
 * mark is the lab sheet's -1 made safe: it changes in one atomic step, so two
 * never write to the same slot, and none reads what is half written.
 *
 * After Dmitry Vyukov's bounded MPMC queue (1024cores.net). Ours differs in one
 * thing: who takes a slot leaves its number in the mark, so that a slot whose
 * owner was killed can be told and given back.
 *
 * @module
 */
import { LabError } from "./error.ts";

const MAGIC = 0x69706331; // "ipc1"
const VERSION = 1;

// Where the 32-bit words of the head are. What one side writes often stands 64
// bytes from what the other does: else each write takes the other's cache line.
const WORD = {
  magic: 0,
  version: 1,
  capacity: 2, // slots
  slotBytes: 3, // longest record
  sendersEver: 4, // how many senders have joined since the beginning
  senders: 5, // ... and not left: where no process can die alone
  tail: 16, // the position that the next sender takes
  head: 32, // the position that the next receiver takes
  filled: 48, // rung when a record was put in, for those asleep
  receiversAsleep: 49,
  emptied: 50, // rung when a slot came free
  sendersAsleep: 51,
};
const HEAD_BYTES = 256;
const LONG = 1024; // bytes; more are copied with set()
const SLOT_HEAD = 8; // bytes: the mark, the record's length
const WRITING = 0;
const READING = 1;

/** The two roles at a ring. */
export type Role = "senders" | "receivers";

/** How to sleep on a word of shared memory, as futex(2) does. */
export interface Parking {
  /**
   * Sleeps while the word has that value: until woken, or the signal is aborted,
   * or for at most that many milliseconds.
   */
  wait(
    words: Int32Array<ArrayBufferLike>,
    index: number,
    value: number,
    atMost: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Wakes all who sleep on the word. */
  wake(words: Int32Array<ArrayBufferLike>, index: number): void;
}

/** Parking between the threads of one process. */
export const threadParking: Parking = {
  async wait(words, index, value, atMost, signal) {
    const sleep = Atomics.waitAsync(words, index, value, atMost);
    if (!sleep.async) return;
    const wake = () => Atomics.notify(words, index); // our own sleep, too
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
    await sleep.value;
    signal.removeEventListener("abort", wake);
  },
  wake: (words, index) => void Atomics.notify(words, index),
};

/** Bytes of memory that a ring needs. */
export function ringBytes(capacity: number, slotBytes: number): number {
  return HEAD_BYTES + capacity * stride(slotBytes);
}

function stride(slotBytes: number): number {
  return Math.ceil((SLOT_HEAD + slotBytes) / 64) * 64;
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
  readonly #stride: number;
  readonly #laps: number; // even, for a mark has room for a lap's parity alone
  readonly #end: number; // positions run from 0 to here and start again
  readonly #owner: number;
  #record: Int32Array<ArrayBufferLike> = new Int32Array(0); // of the last put()
  readonly #takenWords: Int32Array;
  readonly #taken: Uint8Array; // what take() has taken out
  #view: Uint8Array; // of it
  readonly #parking: Parking;

  /**
   * Attaches to a ring that somebody has formatted.
   *
   * @param owner Who we are, 1 to 2^22: a process id, or a worker's number.
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
    this.#stride = stride(this.slotBytes);
    this.#laps = 2 * Math.floor(2 ** 28 / this.capacity);
    this.#end = this.capacity * this.#laps;
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

  // A slot's mark at lap n (how often the ring has come round):
  //   2n      empty, for the sender of this lap
  //   < 0     somebody is at it: who, writing or reading, and n's parity
  //   2n + 1  full, for the receiver of this lap
  //   2n + 2  empty again

  #lap(position: number): number {
    return (position / this.capacity) | 0;
  }

  #next(position: number): number {
    return position + 1 === this.#end ? 0 : position + 1;
  }

  #markAt(position: number): number {
    return (HEAD_BYTES + (position % this.capacity) * this.#stride) >> 2;
  }

  #busy(doing: number, lap: number): number {
    return -(this.#owner * 4 + doing * 2 + (lap & 1));
  }

  #isBusy(mark: number, doing: number, lap: number): boolean {
    return mark < 0 && (-mark & 3) === doing * 2 + (lap & 1);
  }

  /**
   * A plain load: Atomics.load takes ten times as long, and may be too old a
   * moment later just the same. What counts is the compareExchange() after it.
   */
  #load(word: number): number {
    const position = this.#words[word];
    if (position >= 0 && position < this.#end) return position;
    throw new LabError(
      `Cannot use the ring as it is damaged: position ${position}`,
    );
  }

  /** Puts a record in; `false`: no slot is free. */
  put(record: Uint8Array): boolean {
    const words = this.#words;
    for (;;) {
      const tail = this.#load(WORD.tail);
      const lap = this.#lap(tail);
      const at = this.#markAt(tail);
      const mark = words[at];
      if (mark === 2 * lap) {
        const busy = this.#busy(WRITING, lap);
        if (Atomics.compareExchange(words, at, mark, busy) !== mark) continue;
        Atomics.compareExchange(words, WORD.tail, tail, this.#next(tail));
        words[at + 1] = record.length;
        this.#copyIn(record, at + 2);
        Atomics.store(words, at, 2 * lap + 1);
        this.#ring(WORD.filled, WORD.receiversAsleep);
        return true;
      }
      if (
        mark === 2 * lap + 1 || mark === this.#emptyMark(lap) ||
        this.#isBusy(mark, WRITING, lap)
      ) {
        // Taken, by one who has not moved the tail on yet: do it for them. The
        // record may even have been read already.
        Atomics.compareExchange(words, WORD.tail, tail, this.#next(tail));
      } else if (Atomics.load(words, WORD.tail) === tail) {
        return false;
      }
    }
  }

  /**
   * Takes a record out.
   *
   * @returns Its bytes, valid until the next call; `undefined`: there is none.
   */
  take(): Uint8Array | undefined {
    const words = this.#words;
    for (;;) {
      const head = this.#load(WORD.head);
      const lap = this.#lap(head);
      const at = this.#markAt(head);
      const mark = words[at];
      if (mark === 2 * lap + 1) {
        const busy = this.#busy(READING, lap);
        if (Atomics.compareExchange(words, at, mark, busy) !== mark) continue;
        Atomics.compareExchange(words, WORD.head, head, this.#next(head));
        const length = words[at + 1];
        // Never trust a length that somebody else could have written.
        const size = length >= 0 && length <= this.slotBytes ? length : 0;
        this.#copyOut(at + 2, size);
        Atomics.store(words, at, this.#emptyMark(lap));
        this.#ring(WORD.emptied, WORD.sendersAsleep);
        // A view costs more than all the rest: the last one often fits.
        if (this.#view.length !== size) {
          this.#view = this.#taken.subarray(0, size);
        }
        return this.#view;
      }
      if (mark === this.#emptyMark(lap) || this.#isBusy(mark, READING, lap)) {
        Atomics.compareExchange(words, WORD.head, head, this.#next(head));
      } else if (Atomics.load(words, WORD.head) === head) {
        return undefined;
      }
    }
  }

  /** The mark of a slot that lap has done with. */
  #emptyMark(lap: number): number {
    return lap + 1 === this.#laps ? 0 : 2 * lap + 2;
  }

  /** Wakes those who sleep until a word changes; costs one load when nobody does. */
  #ring(bell: number, asleep: number) {
    if (Atomics.load(this.#words, asleep) === 0) return;
    Atomics.add(this.#words, bell, 1);
    this.#parking.wake(this.#words, bell);
  }

  /** Is there nothing to take (receivers), or no free slot (senders)? */
  #blocked(role: Role): boolean {
    const position = this.#load(role === "senders" ? WORD.tail : WORD.head);
    const mark = Atomics.load(this.#words, this.#markAt(position));
    const ready = 2 * this.#lap(position) + (role === "senders" ? 0 : 1);
    return mark !== ready;
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
    const sender = role === "senders";
    const bell = sender ? WORD.emptied : WORD.filled;
    const asleep = sender ? WORD.sendersAsleep : WORD.receiversAsleep;
    const rung = Atomics.load(this.#words, bell);
    Atomics.add(this.#words, asleep, 1);
    try {
      // Look again now that they know of us: what comes later rings the bell.
      if (this.#blocked(role) && !over()) {
        await this.#parking.wait(this.#words, bell, rung, atMost, signal);
      }
    } finally {
      Atomics.sub(this.#words, asleep, 1);
    }
    signal.throwIfAborted();
    return !this.#blocked(role) || Atomics.load(this.#words, bell) !== rung;
  }

  /** Is there something to take? */
  get filled(): boolean {
    return !this.#blocked("receivers");
  }

  /** How many records lie in it; a guess while somebody is at it. */
  get length(): number {
    const count = this.#load(WORD.tail) - this.#load(WORD.head);
    return count < 0 ? count + this.#end : count;
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
    Atomics.sub(this.#words, WORD.senders, 1);
    this.#ring(WORD.filled, WORD.receiversAsleep);
  }

  /**
   * Gives back the slot that is next if whoever was at it has died.
   *
   * @param isAlive Does the owner of that number still run?
   * @returns `true`: there was one; in its role, what it had begun is lost.
   */
  recover(role: Role, isAlive: (owner: number) => boolean): boolean {
    const sender = role === "senders";
    const word = sender ? WORD.tail : WORD.head;
    const position = this.#load(word);
    const at = this.#markAt(position);
    const mark = Atomics.load(this.#words, at);
    if (mark >= 0 || isAlive(-mark >> 2)) return false;
    // A receiver waits for what a dead sender was writing in this lap, a sender
    // for what a dead receiver was reading in the last one.
    const lap = sender
      ? (this.#lap(position) + this.#laps - 1) % this.#laps
      : this.#lap(position);
    const doing = sender ? READING : WRITING;
    if (!this.#isBusy(mark, doing, lap)) return false;
    const free = this.#emptyMark(lap);
    if (Atomics.compareExchange(this.#words, at, mark, free) !== mark) {
      return false;
    }
    if (!sender) {
      Atomics.compareExchange(
        this.#words,
        word,
        position,
        this.#next(position),
      );
    }
    return true;
  }

  // A loop over words beats set(), and the two views that it needs, by far.

  #copyIn(record: Uint8Array, at: number) {
    const { buffer, byteOffset, length } = record;
    const bytes = this.#bytes;
    let start = at << 2;
    if (length > LONG) return bytes.set(record, start);
    let i = 0;
    if ((byteOffset & 3) === 0) {
      if (this.#record.buffer !== buffer) {
        this.#record = new Int32Array(buffer, 0, buffer.byteLength >> 2);
      }
      const words = this.#words;
      const from = this.#record;
      const first = byteOffset >> 2;
      const count = length >> 2;
      for (let k = 0; k < count; k++) words[at + k] = from[first + k];
      i = count << 2;
    }
    for (start += i; i < length; i++) bytes[start++] = record[i];
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
