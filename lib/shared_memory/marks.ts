/**
 * What senders and receivers of a ring do in the same way: read a position,
 * take a lock, set a mark.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { RingLayout, WORD } from "./layout.ts";
import type { Parking } from "./parking.ts";

// The marks of a slot. In lap 0 an empty slot has the mark 0 and a full slot 1;
// in lap 1 they have 2 and 3; then comes lap 0 again. So each step adds 1.

/** The bits of a mark that tell whether the slot is empty, and the lap. */
export const STATE = 3;
/** Added to a mark: a sender or receiver sleeps until the mark changes. */
export const ASLEEP = 4;

const SPINS = 1000; // how often a lock is tried

/** The two roles at a ring. */
export type Role = "senders" | "receivers";

/** Each role's position and lock, and the mark (in lap 0) of a ready slot. */
export const ENDS = {
  senders: { position: WORD.tail, lock: WORD.sending, ready: 0 },
  receivers: { position: WORD.head, lock: WORD.receiving, ready: 1 },
} as const;

/**
 * What can be seen of a ring, and the steps that both roles take.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Ring, ringBytes } from "@ipc-lab/ipc-lab";
 *
 * const memory = new SharedArrayBuffer(ringBytes(2, 8));
 * const ring = Ring.format(memory, 2, 8);
 * ring.put(new Uint8Array([7]));
 * assertEquals([ring.filled, ring.length, ring.senders], [true, 1, 0]);
 * ```
 */
export class RingMarks extends RingLayout {
  /** This end's number, 1 or greater; `end_number.ts` gives it to a process. */
  readonly owner: number;
  /** How this end sleeps, and wakes others. */
  protected readonly parking: Parking;

  /**
   * Attaches to a ring.
   *
   * @throws {LabError} If the memory holds no ring, or one of another kind.
   */
  constructor(memory: ArrayBufferLike, owner: number, parking: Parking) {
    super(memory);
    this.owner = owner;
    this.parking = parking;
  }

  /** Is there a record to take? */
  get filled(): boolean {
    const head = this.load(WORD.head);
    const mark = Atomics.load(this.words, this.markAt(head));
    return (mark & STATE) === this.fullAt(head);
  }

  /** Could this role go on, if another end did not hold the role's lock? */
  isLocked(role: Role): boolean {
    const { position, lock, ready } = ENDS[role];
    const next = this.load(position);
    const mark = Atomics.load(this.words, this.markAt(next)) & STATE;
    return mark === 2 * this.lapOf(next) + ready &&
      Atomics.load(this.words, lock) !== 0;
  }

  /** How many records lie in it; only about right while an end is at work. */
  get length(): number {
    const count = this.load(WORD.tail) - this.load(WORD.head);
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

  /** The mark of an empty slot at a position. */
  protected emptyAt(position: number): number {
    return 2 * this.lapOf(position);
  }

  /** The mark of a full slot at a position. */
  protected fullAt(position: number): number {
    return 2 * this.lapOf(position) + 1;
  }

  /**
   * Reads a position with a plain load, ten times as fast as Atomics.load. The
   * value may be out of date, as one of Atomics.load may be a moment later;
   * under the lock it is not.
   */
  protected load(word: number): number {
    const position = this.words[word];
    if (position >= 0 && position < 2 * this.capacity) return position;
    throw damaged(`position ${position}`);
  }

  /**
   * Takes a role's lock.
   *
   * @returns Is it ours now? If not, another end holds it for a long time.
   */
  protected lock(word: number): boolean {
    for (let i = 0; i < SPINS; i++) {
      const owner = Atomics.compareExchange(this.words, word, 0, this.owner);
      if (owner === 0) return true;
    }
    return false;
  }

  /** Releases a role's lock. */
  protected unlock(word: number): void {
    Atomics.store(this.words, word, 0);
  }

  /** Sets a mark, and wakes all ends that sleep on it. */
  protected setMark(at: number, mark: number): void {
    const before = Atomics.exchange(this.words, at, mark & STATE);
    if (before & ASLEEP) this.parking.wake(this.words, at);
  }
}

/** The error for memory that holds what no ring can hold. */
export function damaged(what: string): LabError {
  return new LabError(`Cannot use the ring as it is damaged: ${what}`);
}
