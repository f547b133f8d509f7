/**
 * The two ends of a channel that is a ring in shared memory, between workers or
 * between processes.
 *
 * @module
 */
import {
  END,
  FULL,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/channel.ts";
import type { Ring } from "./ring.ts";
import { Seldom } from "../wait/rate_limit.ts";

/** What an end must know of those at the other, and how it leaves. */
export interface Presence extends Disposable {
  /** Has any sender the ring open? */
  senders(): boolean;
  /** Does the owner of a slot still run? */
  isAlive(owner: number): boolean;
}

/** The dead ring no bell: one who sleeps looks after them that often, in ms. */
const LOOK = 500;

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
    return ring.recover(this.#presence.isAlive) && ring.put(record) || FULL;
  }

  async writable(signal: AbortSignal) {
    await this.#ring.sleep("senders", signal, LOOK);
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
  #dead = new Seldom(); // to look after them takes system calls

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
    if (!this.#mayBeOver()) return PENDING;
    ring.recover(this.#presence.isAlive);
    const over = this.#over();
    // What the killed one has left, or the last sender put in before it left.
    return ring.take() ?? (over ? END : PENDING);
  }

  /** Have senders come, and are all of them gone? */
  #over(): boolean {
    this.#sender ||= this.#ring.sendersEver !== this.#sendersBefore;
    return this.#sender && !this.#presence.senders();
  }

  /** All have left properly? If not, one may have been killed, now and then. */
  #mayBeOver(): boolean {
    return this.#ring.senders === 0 || this.#dead.due();
  }

  async readable(signal: AbortSignal) {
    let over = this.#mayBeOver() && this.#over(); // reported already
    const rung = await this.#ring.sleep("receivers", signal, LOOK, () => {
      const before = over;
      over = this.#mayBeOver() && this.#over();
      return over && !before;
    });
    if (!rung) this.#dead.reset();
  }

  [Symbol.asyncDispose]() {
    this.#presence[Symbol.dispose]();
    return Promise.resolve();
  }
}
