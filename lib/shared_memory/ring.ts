/**
 * A bounded buffer in shared memory, for many senders and many receivers: a
 * ring of slots, each with a mark that says whether it is empty or full. That
 * mark is the lab sheet's -1 made safe: it is set last, in one atomic step, so
 * that nobody reads what is half written.
 *
 * The slots and their marks are those of Dmitry Vyukov's bounded queue
 * (1024cores.net). But at each end only one process may be at work at a time,
 * under a lock that holds its number. If the owner of a lock is killed, the
 * others can tell, and take the lock over.
 *
 * @module
 */
import { CUT } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { formatRing, RingLayout, WORD } from "./layout.ts";
import { type Parking, threadParking } from "./parking.ts";

const SPINS = 1000; // looks at a lock that another holds
const HELD_MS = 10; // sleep on it after that: its owner has lost its processor

// What a slot's mark says. In lap 0 an empty slot has the mark 0 and a full one
// 1; in lap 1 they have 2 and 3; then comes lap 0 again. So each step adds 1.
const STATE = 3; // the bits that say so
const ASLEEP = 4; // added: somebody sleeps until the mark changes

/** The length of a record whose sender was killed while it wrote it. */
const KILLED = -1;

/** The two roles at a ring. */
export type Role = "senders" | "receivers";

/** Where each is at work, its lock, and what a slot that is ready for it adds. */
const ENDS = {
  senders: { position: WORD.tail, lock: WORD.sending, ready: 0 },
  receivers: { position: WORD.head, lock: WORD.receiving, ready: 1 },
} as const;

/**
 * The ring.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ringBytes } from "./layout.ts";
 *
 * const memory = new SharedArrayBuffer(ringBytes(2, 8));
 * const ring = Ring.format(memory, 2, 8);
 * assertEquals(ring.put(new Uint8Array([7])), true);
 * assertEquals(ring.take(), new Uint8Array([7]));
 * assertEquals(ring.take(), undefined);
 * ```
 */
export class Ring extends RingLayout {
  readonly #owner: number;
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
    super(memory);
    this.#owner = owner;
    this.#parking = parking;
  }

  /** Makes an empty ring in memory that is all zeros, and attaches to it. */
  static format(
    memory: ArrayBufferLike,
    capacity: number,
    slotBytes: number,
    owner = 1,
    parking: Parking = threadParking,
  ): Ring {
    formatRing(memory, capacity, slotBytes);
    return new Ring(memory, owner, parking);
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
    const { words } = this;
    for (;;) {
      // Is the next slot empty?
      const tail = this.#load(WORD.tail);
      const mark = this.markAt(tail);
      const empty = 2 * this.lapOf(tail);
      if ((words[mark] & STATE) !== empty) {
        if (Atomics.load(words, WORD.tail) === tail) return false; // full
        continue; // another sender was faster: look at the slot after that
      }
      // Become the only sender, and look again: what we saw may be too old.
      if (!this.#lock(WORD.sending)) return false;
      if (words[WORD.tail] !== tail || (words[mark] & STATE) !== empty) {
        this.#unlock(WORD.sending);
        continue;
      }
      // Move on first and set the mark last: see recover().
      words[WORD.tail] = this.after(tail);
      this.copyIn(record, tail);
      words[mark + 1] = record.length;
      this.#setMark(mark, empty + 1);
      this.#unlock(WORD.sending);
      return true;
    }
  }

  /**
   * Takes a record out.
   *
   * @returns Its bytes, valid until the next call; `CUT`: its sender was killed
   * while it wrote them; `undefined`: there is none, or the lock is not free.
   */
  take(): Uint8Array | typeof CUT | undefined {
    const { words } = this;
    for (;;) {
      // Is the next slot full?
      const head = this.#load(WORD.head);
      const mark = this.markAt(head);
      const full = 2 * this.lapOf(head) + 1;
      if ((words[mark] & STATE) !== full) {
        if (Atomics.load(words, WORD.head) === head) return undefined; // empty
        continue; // another receiver was faster: look at the slot after that
      }
      // Become the only receiver, and look again: what we saw may be too old.
      if (!this.#lock(WORD.receiving)) return undefined;
      if (words[WORD.head] !== head || (words[mark] & STATE) !== full) {
        this.#unlock(WORD.receiving);
        continue;
      }
      // Copy first, for the slot is ours no longer once its mark says empty.
      const length = words[mark + 1];
      const record = this.#isLength(length) ? this.copyOut(head, length) : CUT;
      words[WORD.head] = this.after(head);
      this.#setMark(mark, full + 1);
      this.#unlock(WORD.receiving);
      return record;
    }
  }

  /** Never trust a length that somebody else could have written. */
  #isLength(length: number): boolean {
    return length >= 0 && length <= this.slotBytes;
  }

  /**
   * Sleeps until a record comes (receivers) or a slot gets free (senders).
   *
   * @param atMostMs Milliseconds after which it wakes up in any case.
   * @param over Is there something else to wake up for?
   * @returns Was there something, or has somebody woken us?
   * @throws The signal's reason, once it is aborted.
   */
  async sleep(
    role: Role,
    signal: AbortSignal,
    atMostMs = Infinity,
    over: () => boolean = () => false,
  ): Promise<boolean> {
    const { words } = this;
    const { position, lock, ready } = ENDS[role];
    const next = this.#load(position);
    const at = this.markAt(next);
    const mark = Atomics.load(words, at);
    if ((mark & STATE) === 2 * this.lapOf(next) + ready) {
      // The slot is ready for us, so it was the lock that was not free.
      const owner = Atomics.load(words, lock);
      if (owner !== 0) {
        await this.#parking.wait(words, lock, owner, HELD_MS, signal);
      }
      signal.throwIfAborted();
      return true;
    }
    // Say that we sleep, unless the mark has changed since we looked.
    const asleep = mark | ASLEEP;
    if (Atomics.compareExchange(words, at, mark, asleep) !== mark) return true;
    // Look only now: a sender that leaves from here on wakes us up.
    if (!over()) await this.#parking.wait(words, at, asleep, atMostMs, signal);
    signal.throwIfAborted();
    return Atomics.load(words, at) !== asleep;
  }

  /** Is there something to take? */
  get filled(): boolean {
    const head = this.#load(WORD.head);
    const mark = Atomics.load(this.words, this.markAt(head));
    return (mark & STATE) === 2 * this.lapOf(head) + 1;
  }

  /** How many records lie in it; a guess while somebody is at work. */
  get length(): number {
    const count = this.#load(WORD.tail) - this.#load(WORD.head);
    return count < 0 ? count + 2 * this.capacity : count;
  }

  /** How many senders have ever joined. */
  get sendersEver(): number {
    return Atomics.load(this.words, WORD.sendersEver);
  }

  /** How many senders have joined and not left, killed ones included. */
  get senders(): number {
    return this.words[WORD.senders];
  }

  /** A sender comes. */
  join(): void {
    Atomics.add(this.words, WORD.senders, 1);
    Atomics.add(this.words, WORD.sendersEver, 1);
  }

  /** A sender goes: a receiver that sleeps may wait for just that. */
  leave(): void {
    const { words } = this;
    Atomics.sub(words, WORD.senders, 1);
    const at = this.markAt(this.#load(WORD.head));
    const mark = Atomics.load(words, at);
    if ((mark & ASLEEP) === 0) return;
    // If the exchange fails, another has just set the mark and woken them.
    Atomics.compareExchange(words, at, mark, mark & STATE);
    this.#parking.wake(words, at);
  }

  /**
   * Takes over from a process that was killed while it held a lock. What a
   * sender had begun then reads as `CUT`; what a receiver had begun is gone.
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
    const { words } = this;
    const { position, lock, ready } = ENDS[role];
    const owner = Atomics.load(words, lock);
    if (owner < 0) throw damaged(`owner ${owner}`);
    if (owner === 0 || isAlive(owner)) return false;
    if (Atomics.compareExchange(words, lock, owner, this.#owner) !== owner) {
      return false; // another was faster
    }
    // Both roles move on first and set the mark last: is that still to be done?
    const begun = this.before(this.#load(position));
    const at = this.markAt(begun);
    const mark = 2 * this.lapOf(begun) + ready;
    if ((Atomics.load(words, at) & STATE) === mark) {
      if (role === "senders") words[at + 1] = KILLED;
      this.#setMark(at, mark + 1);
    }
    this.#unlock(lock);
    return true;
  }

  /**
   * Reads a position with a plain load, ten times as fast as Atomics.load. It
   * may be too old, as an atomic one may be a moment later; under the lock it
   * cannot be.
   */
  #load(word: number): number {
    const position = this.words[word];
    if (position >= 0 && position < 2 * this.capacity) return position;
    throw damaged(`position ${position}`);
  }

  /** @returns Is it ours now? If not, another holds it for a long time. */
  #lock(word: number): boolean {
    for (let i = 0; i < SPINS; i++) {
      const owner = Atomics.compareExchange(this.words, word, 0, this.#owner);
      if (owner === 0) return true;
    }
    return false;
  }

  #unlock(word: number) {
    Atomics.store(this.words, word, 0);
  }

  /** Sets a mark, and wakes those that sleep on it. */
  #setMark(at: number, mark: number) {
    const before = Atomics.exchange(this.words, at, mark & STATE);
    if (before & ASLEEP) this.#parking.wake(this.words, at);
  }
}

function damaged(what: string): LabError {
  return new LabError(`Cannot use the ring as it is damaged: ${what}`);
}
