/**
 * Has a mailbox come to its end: is no sender there, and is it empty? A
 * receiver that finds nothing asks the server.
 *
 * @module
 */
import { END, PENDING } from "../channel/mod.ts";
import type { LabError } from "../error.ts";
import type { Change } from "../wait/change.ts";
import { lastingFailure } from "./nats_link.ts";
import type { Mailbox } from "./nats_mailbox.ts";
import type { Records } from "./nats_records.ts";

/** How often (ms) an idle receiver asks. */
export const LOOK_MS = 100;
/** How long (ms) a sender that did not close may take to come back. */
const BACK_MS = 3000;

/** Why a receiver has no record. */
export type Nothing = typeof PENDING | typeof END;

/** Looks whether the end has come. */
export class EndWatch {
  /** What the last look has shown. */
  found: Nothing = PENDING;
  /** Why there is nothing more to see. */
  failure?: LabError;
  readonly #mailbox: Mailbox;
  readonly #records: Records;
  readonly #change: Change;
  #hadSender = false;
  #missed?: number; // since when no sender is there
  #looked = -Infinity;
  #looking = false;
  #closed = false;

  /** @param change It happens when the end was found. */
  constructor(mailbox: Mailbox, records: Records, change: Change) {
    this.#mailbox = mailbox;
    this.#records = records;
    this.#change = change;
    this.#watchSenders();
  }

  /** A record has come, so a sender was there. */
  sawRecord(): void {
    this.#hadSender = true;
    this.found = PENDING;
  }

  /** Asks the server, unless it was asked just now. */
  async look(): Promise<void> {
    const now = performance.now();
    if (this.#looking || this.#closed || now - this.#looked < LOOK_MS) return;
    this.#looking = true;
    try {
      const found = await this.#ask();
      if (this.#records.length === 0) this.found = found;
    } catch (error) {
      this.failure ??= lastingFailure(this.#mailbox.link, error);
    }
    this.#looked = performance.now();
    this.#looking = false;
    if (this.found === END || this.failure) this.#change.happened();
  }

  async #ask(): Promise<Nothing> {
    const here = await this.#mailbox.presence.has("sender");
    const held = await this.#mailbox.held();
    const messages = held?.messages ?? 0;
    if (here) this.#missed = undefined;
    // What was delivered lies there too, until another receiver has read it.
    if (messages > 0 && this.#records.length === 0) {
      const delivery = await this.#mailbox.delivery();
      if (delivery?.num_pending !== 0) this.#records.askAgain();
    }
    if (here || messages > 0) {
      this.#hadSender = true;
      return PENDING;
    }
    // A sender that was cut off comes back; one that was killed does not.
    this.#missed ??= performance.now();
    const gone = !held || held.closed ||
      performance.now() - this.#missed > BACK_MS;
    return this.#hadSender && gone ? END : PENDING;
  }

  async #watchSenders() {
    const { link, news } = this.#mailbox;
    for await (const _ of link.nc.subscribe(news)) {
      this.sawRecord(); // or it will come: the sender may close before we ask
      this.#looked = -Infinity;
      this.look();
    }
  }

  /** Asks no more. */
  close(): void {
    this.#closed = true;
  }
}
