/**
 * The two ends of a channel that is a ring in shared memory: between workers or
 * between processes.
 *
 * @module
 */
import {
  END,
  FULL,
  LOCKED,
  PENDING,
  type Receiver,
  type Sender,
  type Unread,
} from "../channel/mod.ts";
import { RateLimit } from "../wait/rate_limit.ts";
import type { Ring } from "./ring.ts";

/** What an end asks about the others that have the ring open. */
export interface Attendance extends Disposable {
  /** Does a sender have the ring open? */
  hasSender(): boolean;
  /** Does another receiver have the ring open? */
  hasReceiver(): boolean;
  /** Does the owner of a lock still run? */
  isAlive(owner: number): boolean;
  /** Can other processes still find the ring by its name? */
  readonly isThere: boolean;
}

/** How often (ms) a sleeping end checks: a killed process wakes nobody. */
const CHECK_MS = 500;

/** Puts records into a ring. */
export class RingSender implements Sender, Disposable {
  readonly limit: number;
  #ring: Ring;
  #others: Attendance;

  constructor(ring: Ring, others: Attendance) {
    this.#ring = ring;
    this.#others = others;
    this.limit = ring.slotBytes;
    ring.join();
  }

  /** Can other processes still find the ring by its name? */
  get isThere(): boolean {
    return this.#others.isThere;
  }

  offer(record: Uint8Array): true | typeof FULL | typeof LOCKED {
    const ring = this.#ring;
    if (ring.put(record)) return true;
    if (ring.recover(this.#others.isAlive) && ring.put(record)) return true;
    return ring.isLocked("senders") ? LOCKED : FULL;
  }

  async writable(signal: AbortSignal): Promise<void> {
    await this.#ring.sleep("senders", signal, CHECK_MS);
  }

  [Symbol.dispose](): void {
    this.#ring.leave();
    this.#others[Symbol.dispose]();
  }
}

/** Takes records out of a ring. */
export class RingReceiver implements Receiver, Disposable {
  #ring: Ring;
  #others: Attendance;
  #sendersBefore: number;
  #hadSender = false; // has there been a sender since we opened the ring?
  #checks = new RateLimit(); // of killed senders: each takes system calls

  /** @param sendersBefore How many senders had come and gone before us. */
  constructor(
    ring: Ring,
    others: Attendance,
    sendersBefore: number = others.hasSender() ? -1 : ring.sendersEver,
  ) {
    this.#ring = ring;
    this.#others = others;
    this.#sendersBefore = sendersBefore;
  }

  /** Can other processes still find the ring by its name? */
  get isThere(): boolean {
    return this.#others.isThere;
  }

  poll(): ReturnType<Receiver["poll"]> {
    const ring = this.#ring;
    const record = ring.take();
    if (record) {
      this.#hadSender = true;
      return record;
    }
    if (!this.#mayBeOver()) return PENDING;
    ring.recover(this.#others.isAlive);
    const over = this.#isOver();
    // Look once more: a sender may have put a record in before it ended.
    const last = ring.take();
    if (last) return last;
    if (ring.isLocked("receivers")) return LOCKED;
    return over ? END : PENDING;
  }

  /** Has there been a sender, and have all senders gone? */
  #isOver(): boolean {
    this.#hadSender ||= this.#ring.sendersEver !== this.#sendersBefore;
    return this.#hadSender && !this.#others.hasSender();
  }

  /** Have all senders left? If not, check now and then for a killed one. */
  #mayBeOver(): boolean {
    return this.#ring.senders === 0 || this.#checks.due();
  }

  unread(): Unread {
    const { length } = this.#ring;
    return { messages: this.#others.hasReceiver() ? 0 : length };
  }

  async readable(signal: AbortSignal): Promise<void> {
    let over = this.#mayBeOver() && this.#isOver(); // this end was reported
    const woken = await this.#ring.sleep("receivers", signal, CHECK_MS, () => {
      const before = over;
      over = this.#mayBeOver() && this.#isOver();
      return over && !before;
    });
    if (!woken) this.#checks.reset();
  }

  [Symbol.dispose](): void {
    this.#others[Symbol.dispose]();
  }
}
