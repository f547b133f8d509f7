/**
 * A bounded buffer in shared memory, for many senders and many receivers: a
 * ring of slots, each with a mark that tells whether it is empty or full. The
 * mark is the lab sheet's -1 made safe: it is set last, in one atomic step, so
 * no receiver reads a record that is half written.
 *
 * The slots and their marks are those of Dmitry Vyukov's bounded queue
 * (1024cores.net). But in each role only one end works at a time, under a
 * lock that holds the number of its end. If the owner of a lock is killed, the
 * others notice, and take the lock over.
 *
 * @module
 */
import { CUT } from "../channel/mod.ts";
import { formatRing, WORD } from "./layout.ts";
import { ASLEEP, damaged, ENDS, RingMarks, type Role, STATE } from "./marks.ts";
import { type Parking, threadParking } from "./parking.ts";

export type { Role } from "./marks.ts";

/** How long (ms) to sleep on a lock whose owner does not run at the moment. */
const HELD_MS = 10;

/** The length of a record whose sender was killed while it wrote it. */
const KILLED = -1;

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
export class Ring extends RingMarks {
  /**
   * Attaches to a ring that was formatted before.
   *
   * @param owner Our end's number, 1 or greater.
   * @throws {LabError} If the memory holds no ring, or one of another kind.
   */
  constructor(
    memory: ArrayBufferLike,
    owner = 1,
    parking: Parking = threadParking,
  ) {
    super(memory, owner, parking);
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
      const tail = this.load(WORD.tail);
      const mark = this.markAt(tail);
      const empty = this.emptyAt(tail);
      if ((words[mark] & STATE) !== empty) {
        if (Atomics.load(words, WORD.tail) === tail) return false; // full
        continue; // another sender was faster: look at the slot after that
      }
      // Become the only sender, and look again: it may have changed.
      if (!this.lock(WORD.sending)) return false;
      if (words[WORD.tail] !== tail || (words[mark] & STATE) !== empty) {
        this.unlock(WORD.sending);
        continue;
      }
      // Move on first and set the mark last: see recover().
      words[WORD.tail] = this.after(tail);
      this.copyIn(record, tail);
      words[mark + 1] = record.length;
      this.setMark(mark, empty + 1);
      this.unlock(WORD.sending);
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
      const head = this.load(WORD.head);
      const mark = this.markAt(head);
      const full = this.fullAt(head);
      if ((words[mark] & STATE) !== full) {
        if (Atomics.load(words, WORD.head) === head) return undefined; // empty
        continue; // another receiver was faster: look at the slot after that
      }
      // Become the only receiver, and look again: it may have changed.
      if (!this.lock(WORD.receiving)) return undefined;
      if (words[WORD.head] !== head || (words[mark] & STATE) !== full) {
        this.unlock(WORD.receiving);
        continue;
      }
      // Copy first: once the mark says empty, a sender may fill the slot.
      const length = words[mark + 1];
      const record = this.#isLength(length) ? this.copyOut(head, length) : CUT;
      words[WORD.head] = this.after(head);
      this.setMark(mark, full + 1);
      this.unlock(WORD.receiving);
      return record;
    }
  }

  /** Never trust a length that another process may have written. */
  #isLength(length: number): boolean {
    return length >= 0 && length <= this.slotBytes;
  }

  /**
   * Sleeps until a record comes (receivers) or a slot gets free (senders).
   *
   * @param atMostMs Milliseconds after which it wakes up in any case.
   * @param over Is there another reason to wake up?
   * @returns `true`: look again; `false`: only the time is over.
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
    const next = this.load(position);
    const at = this.markAt(next);
    const mark = Atomics.load(words, at);
    if ((mark & STATE) === 2 * this.lapOf(next) + ready) {
      // The slot is ready, so it was the lock that was not free.
      const owner = Atomics.load(words, lock);
      if (owner !== 0) {
        await this.parking.wait(words, lock, owner, HELD_MS, signal);
      }
      signal.throwIfAborted();
      return true;
    }
    // Mark that we sleep, unless the mark has changed since we looked.
    const asleep = mark | ASLEEP;
    if (Atomics.compareExchange(words, at, mark, asleep) !== mark) return true;
    // Ask over() only now: a sender that leaves after this wakes us.
    if (!over()) await this.parking.wait(words, at, asleep, atMostMs, signal);
    signal.throwIfAborted();
    return Atomics.load(words, at) !== asleep;
  }

  /** Counts a sender in. */
  join(): void {
    Atomics.add(this.words, WORD.senders, 1);
    Atomics.add(this.words, WORD.sendersEver, 1);
  }

  /** Counts a sender out, and wakes the receivers: it may be the end. */
  leave(): void {
    const { words } = this;
    Atomics.sub(words, WORD.senders, 1);
    const at = this.markAt(this.load(WORD.head));
    const mark = Atomics.load(words, at);
    if ((mark & ASLEEP) === 0) return;
    // If the exchange fails, a sender has just set the mark and woken them.
    Atomics.compareExchange(words, at, mark, mark & STATE);
    this.parking.wake(words, at);
  }

  /**
   * Takes the lock over from a process that was killed while it held one. The
   * record of a killed sender is then read as `CUT`; the record that a killed
   * receiver had begun to take is lost.
   *
   * @param isAlive Does the owner of that number still run?
   * @returns Was there such a process?
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
    if (Atomics.compareExchange(words, lock, owner, this.owner) !== owner) {
      return false; // another process was faster
    }
    // Both roles move on first and set the mark last. Is it still to be set?
    const begun = this.before(this.load(position));
    const at = this.markAt(begun);
    const mark = 2 * this.lapOf(begun) + ready;
    if ((Atomics.load(words, at) & STATE) === mark) {
      if (role === "senders") words[at + 1] = KILLED;
      this.setMark(at, mark + 1);
    }
    this.unlock(lock);
    return true;
  }
}
