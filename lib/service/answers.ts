/**
 * The server's answers, each on the reply channel of its client. One that finds
 * no room there waits beside the others.
 *
 * @module
 */
import { ABSENT, type Mechanism, type Operations } from "../channel/mod.ts";
import type { ProcessLog } from "../cli/log.ts";
import { isExpected, TimeoutError } from "../error.ts";
import { header } from "../message/header.ts";
import { type Message, recordOf } from "../message/mod.ts";
import { waitFor } from "../wait/mod.ts";
import { Numbers, type Range, rangeText } from "./numbers.ts";
import { replyAddress } from "./reply_channel.ts";
import { answerTo, refusalOf, type Request } from "./request.ts";

/** How long (ms) a client may take to make room for its answer. */
const ROOM_MS = 500;
/** How often (ms) the server offers an answer that finds no room. */
const OFFER_MS = 20;
/** Answers that may wait at the same time: each has files open. */
const MOST_WAITING = 64;

/** Answers requests, and removes the reply channels of clients that have gone. */
export class Answers implements AsyncDisposable {
  readonly #mechanism: Mechanism;
  readonly #operations: Operations;
  readonly #log: ProcessLog;
  readonly #signal: AbortSignal;
  readonly #numbers = new Numbers();
  /** Answers on their way, by reply channel. */
  readonly #waiting = new Map<string, Promise<void>>();
  /** Reply channels that were used and may be there still. */
  readonly #used = new Set<string>();
  #given = 0;

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

  /**
   * Waits until one more request may be answered.
   *
   * @param most How many ranges are handed out at most.
   * @returns `false`: all of them are.
   */
  async mayGoOn(most: number): Promise<boolean> {
    // If all that wait are taken, they may be the last.
    while (
      this.#waiting.size >= Math.min(MOST_WAITING, most - this.#given) &&
      this.#waiting.size > 0
    ) {
      await Promise.race(this.#waiting.values());
    }
    return this.#given < most;
  }

  /** Answers a request. Does not wait for a client that has no room. */
  async answer(request: Request): Promise<void> {
    const { seq, from, replyTo, count } = request;
    if (this.#waiting.has(replyTo)) {
      this.#log.warn(
        `Cannot answer request ${seq} from ${from}: its client has not read the answer before`,
      );
      return;
    }
    if (!this.#used.has(replyTo)) await this.#removeUnread();
    this.#used.add(replyTo);
    const noRoom = Promise.withResolvers<void>();
    const answering = count === undefined
      ? this.#refuse(request, noRoom.resolve)
      : this.#give(request, this.#numbers.take(count), noRoom.resolve);
    const done = answering.finally(() => this.#waiting.delete(replyTo));
    this.#waiting.set(replyTo, done);
    await Promise.race([done, noRoom.promise]);
  }

  /** Answers with a range of numbers. */
  async #give(request: Request, range: Range, onWait: () => void) {
    const { seq, from, replyTo } = request;
    const { first, count } = range;
    this.#log.info(`Request ${seq} from ${from}: ${count}`, {
      seq,
      from,
      count,
    });
    const answer = answerTo(request, "response", String(first));
    if (await this.#send(replyTo, answer, onWait)) {
      const values = { seq, from, value: first };
      this.#log.info(`Answered ${rangeText(range)}`, values);
      this.#given++;
    } else {
      this.#numbers.giveBack(range); // no number is skipped
    }
  }

  /** Answers a request that asks for no good number. */
  async #refuse(request: Request, onWait: () => void) {
    const refusal = refusalOf(request);
    this.#log.warn(refusal);
    const answer = answerTo(request, "error", refusal);
    await this.#send(request.replyTo, answer, onWait);
  }

  /**
   * Sends one answer.
   *
   * @param onWait Called when there is no room at once.
   * @returns Was it taken? If not, the log says why.
   */
  async #send(
    replyTo: string,
    answer: Message,
    onWait: () => void,
  ): Promise<boolean> {
    try {
      if (await this.#offer(replyTo, answer, onWait)) return true;
      this.#log.warn(`Nobody reads '${replyTo}': its client has gone`);
      this.#waiting.delete(replyTo); // so that its reply channel is removed
      await this.#removeUnread();
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!isExpected(error)) throw error;
      this.#log.warn(
        error instanceof TimeoutError
          ? `Nothing more fits into '${replyTo}': its client does not read`
          : `Cannot answer on '${replyTo}': ${error.message}`,
      );
    }
    return false;
  }

  /** @returns `false`: nobody reads. @throws {TimeoutError} If there is no room. */
  async #offer(
    replyTo: string,
    answer: Message,
    onWait: () => void,
  ): Promise<boolean> {
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
      onRetry: onWait,
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
      if (this.#waiting.has(replyTo)) continue;
      try {
        if (await this.#isRead(replyTo)) continue;
        const address = replyAddress(this.#mechanism, replyTo);
        await this.#operations.remove(address);
      } catch (error) {
        if (!isExpected(error)) throw error;
        this.#log.warn(`Cannot remove '${replyTo}': ${error.message}`);
      }
      this.#used.delete(replyTo);
    }
  }

  async [Symbol.asyncDispose]() {
    await Promise.allSettled(this.#waiting.values());
    await this.#removeUnread();
  }
}
