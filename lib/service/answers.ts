/**
 * The server's answers, each on the reply channel of its client.
 *
 * @module
 */
import { ABSENT, type Mechanism, type Operations } from "../channel/mod.ts";
import type { ProcessLog } from "../cli/log.ts";
import { isExpected, TimeoutError } from "../error.ts";
import { header } from "../message/header.ts";
import { type Message, recordOf } from "../message/mod.ts";
import { waitFor } from "../wait/mod.ts";
import { replyAddress } from "./reply_channel.ts";

/** How long (ms) a client may take to make room for its answer. */
const ROOM_MS = 500;
/** How often (ms) the server offers an answer that finds no room. */
const OFFER_MS = 20;

/** Sends answers, and removes the reply channels of clients that have gone. */
export class Answers implements AsyncDisposable {
  readonly #mechanism: Mechanism;
  readonly #operations: Operations;
  readonly #log: ProcessLog;
  readonly #signal: AbortSignal;
  /** Reply channels that were used and may be there still. */
  readonly #used = new Set<string>();

  constructor(
    mechanism: Mechanism,
    operations: Operations,
    log: ProcessLog,
    signal: AbortSignal,
  ) {
    this.#mechanism = mechanism;
    this.#operations = operations;
    this.#log = log;
    this.#signal = signal;
  }

  /** Sends one answer. @returns Was it taken? If not, the log says why. */
  async send(replyTo: string, answer: Message): Promise<boolean> {
    if (!this.#used.has(replyTo)) await this.#removeUnread();
    this.#used.add(replyTo);
    try {
      if (await this.#offer(replyTo, answer)) return true;
      this.#log.warn(`Nobody reads ${replyTo}: its client has gone`);
      await this.#removeUnread();
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!isExpected(error)) throw error;
      this.#log.warn(
        error instanceof TimeoutError
          ? `Nothing more fits into ${replyTo}: its client reads none`
          : `Cannot answer on ${replyTo}: ${error.message}`,
      );
    }
    return false;
  }

  /** @returns `false`: nobody reads. @throws {TimeoutError} If there is no room. */
  async #offer(replyTo: string, answer: Message): Promise<boolean> {
    const { outlives } = this.#mechanism.properties;
    // What outlives its readers takes an answer even if nobody reads.
    if (outlives && !await this.#isRead(replyTo)) return false;
    await using sender = await this.#operations.openSender(
      replyAddress(this.#mechanism, replyTo),
    );
    const record = recordOf(answer, header, sender.limit);
    const offer = () => {
      const offered = sender.offer(record);
      return offered === ABSENT ? false : offered;
    };
    return await waitFor(offer, (signal) => sender.writable(signal), {
      way: "retry", // not as --wait says: a client could hold us in write(2)
      delay: OFFER_MS,
      timeout: ROOM_MS,
      signal: this.#signal,
    });
  }

  /** Does its client have a reply channel open? */
  async #isRead(replyTo: string): Promise<boolean> {
    const address = replyAddress(this.#mechanism, replyTo);
    const found = await this.#operations.inspect?.(address);
    return found?.receiver === true;
  }

  /** Removes the reply channels that nobody reads any more. */
  async #removeUnread() {
    for (const replyTo of this.#used) {
      try {
        if (await this.#isRead(replyTo)) continue;
        const address = replyAddress(this.#mechanism, replyTo);
        await this.#operations.remove(address);
      } catch (error) {
        if (!isExpected(error)) throw error;
        this.#log.warn(`Cannot remove ${replyTo}: ${error.message}`);
      }
      this.#used.delete(replyTo);
    }
  }

  async [Symbol.asyncDispose]() {
    await this.#removeUnread();
  }
}
