/**
 * The two ends of a channel that is a ring in shared memory, between workers or
 * between processes.
 *
 * @module
 */
import { END, FULL, PENDING, type Receiver, type Sender } from "./channel.ts";
import type { Ring } from "./ring.ts";

/** What an end must know of those at the other, and how it leaves. */
export interface Presence extends Disposable {
  /** Has any sender the ring open? */
  senders(): boolean;
  /** Does the owner of a slot still run? */
  isAlive(owner: number): boolean;
}

const CUT_OFF = new Uint8Array(0);

/** The dead ring no bell: one who sleeps looks after them that often, in ms. */
const LOOK = 500;
/** One who spins looks after them that often, in ms: it takes a system call. */
const SPIN_LOOK = 10;

/** Puts records into a ring. */
export class RingSender implements Sender {
  readonly limit: number;
  #ring: Ring;
  #presence: Presence;

  constructor(ring: Ring, presence: Presence) {
    this.#ring = ring;
    this.#presence = presence;
    this.limit = ring.slotBytes;
    ring.join();
  }

  offer(record: Uint8Array) {
    const ring = this.#ring;
    if (ring.put(record)) return true;
    const isAlive = (owner: number) => this.#presence.isAlive(owner);
    if (ring.recover("senders", isAlive) && ring.put(record)) return true;
    return FULL;
  }

  writable(signal: AbortSignal) {
    return this.#ring.sleep("senders", signal, LOOK);
  }

  [Symbol.asyncDispose]() {
    this.#ring.leave();
    this.#presence[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** Takes records out of a ring. */
export class RingReceiver implements Receiver {
  #ring: Ring;
  #presence: Presence;
  #sendersBefore: number;
  #sender = false; // has one come since we have?
  #looks = 0; // how often to look in vain before we look after the senders
  #period = 1;
  #looked = 0; // when we did, in ms

  /** @param sendersBefore How many senders had come and gone before us. */
  constructor(
    ring: Ring,
    presence: Presence,
    sendersBefore = presence.senders() ? -1 : ring.sendersEver,
  ) {
    this.#ring = ring;
    this.#presence = presence;
    this.#sendersBefore = sendersBefore;
  }

  poll() {
    const ring = this.#ring;
    const record = ring.take();
    if (record) {
      this.#sender = true;
      return record;
    }
    // All have left properly? Else one may have been killed, now and then.
    if (ring.senders > 0 && --this.#looks > 0) return PENDING;
    this.#plan();
    const isAlive = (owner: number) => this.#presence.isAlive(owner);
    if (ring.recover("receivers", isAlive)) return CUT_OFF;
    if (!this.#over()) return PENDING;
    // What the last sender put in just before it left.
    return ring.take() ?? END;
  }

  /** The faster the looks come, the more of them until the next one that costs. */
  #plan() {
    const now = performance.now();
    const soon = now - this.#looked < SPIN_LOOK;
    this.#period = soon ? Math.min(2 * this.#period, 1 << 16) : 1;
    this.#looks = this.#period;
    this.#looked = now;
  }

  /** Have senders come, and are all of them gone? */
  #over(): boolean {
    this.#sender ||= this.#ring.sendersEver !== this.#sendersBefore;
    return this.#sender && !this.#presence.senders();
  }

  readable(signal: AbortSignal) {
    this.#looks = 0;
    let over = this.#over(); // reported already: then wait for a new one
    return this.#ring.sleep("receivers", signal, LOOK, () => {
      const before = over;
      over = this.#over();
      return over && !before;
    });
  }

  [Symbol.asyncDispose]() {
    this.#presence[Symbol.dispose]();
    return Promise.resolve();
  }
}
