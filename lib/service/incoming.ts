/**
 * The receiving end of the service's two sides: the server's requests, a
 * client's answers.
 *
 * @module
 */
import { END, type Mechanism, PENDING, type Receiver } from "../channel/mod.ts";
import { errorWritten, isErrorFull } from "../cli/standard_error.ts";
import { headerDecoder } from "../message/header.ts";
import { Inbox, type Message, type MessageError } from "../message/mod.ts";
import { gaveUp } from "../wait/retry.ts";
import { Turn } from "../wait/turn.ts";
import { waitFor, type WaitOptions } from "../wait/wait_for.ts";

/** How often (ms) the event loop has its turn while messages come in a rush. */
const TURN_MS = 10;

/** How to wait for messages. */
export interface IncomingWait extends WaitOptions {
  /** Give up after that many milliseconds; 0 for never. */
  timeout: number;
  signal: AbortSignal;
}

/** Messages as they come. That the other side has closed ends nothing. */
export class Incoming {
  readonly #receiver: Receiver;
  readonly #inbox: Inbox;
  readonly #turn = new Turn(TURN_MS);

  /** @param longest The longest body that a message may have, in bytes. */
  constructor(mechanism: Mechanism, receiver: Receiver, longest: number) {
    const { boundaries } = mechanism.properties;
    this.#receiver = receiver;
    // In a FIFO what waits for the rest of a long body waits in everybody's way.
    this.#inbox = new Inbox(receiver, () => headerDecoder(longest), boundaries);
  }

  /**
   * Waits for the first message that is wanted.
   *
   * @param pick Called with each message, or with what is wrong with it, which
   * is valid until the next one. Gives `undefined` for one that is not wanted.
   * @throws {TimeoutError} If none is wanted in time, however many come.
   * @throws The signal's reason, once it is aborted.
   */
  async find<Wanted>(
    pick: (found: Message | MessageError) => Wanted | undefined,
    wait: IncomingWait,
  ): Promise<Wanted> {
    const { timeout, signal } = wait;
    const latest = timeout > 0 ? performance.now() + timeout : Infinity;
    for (;;) {
      // Without it a flood of messages would leave Ctrl-C unheard.
      if (this.#turn.due()) await this.#turn.pass();
      signal.throwIfAborted();
      const left = latest - performance.now();
      if (left <= 0) throw gaveUp(PENDING, timeout);
      if (isErrorFull()) {
        await errorWritten({ timeout: timeout && left, signal });
      }
      const found = await this.#next({ ...wait, timeout: timeout && left });
      const wanted = pick(found);
      if (wanted !== undefined) return wanted;
    }
  }

  #next(wait: IncomingWait): Promise<Message | MessageError> {
    const look = () => {
      const found = this.#inbox.poll();
      return found === END ? PENDING : found; // another sender may come
    };
    return waitFor(look, (signal) => this.#receiver.readable(signal), wait);
  }

  /** Takes out what was read beyond the last message. @returns How many. */
  drain(): number {
    return [...this.#inbox.drain()].length;
  }
}
