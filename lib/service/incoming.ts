/**
 * The receiving end of the service's two sides: the server's requests, a
 * client's answers.
 *
 * @module
 */
import { END, type Mechanism, PENDING, type Receiver } from "../channel/mod.ts";
import { header } from "../message/header.ts";
import { Inbox, type Message, type MessageError } from "../message/mod.ts";
import { Turn, waitFor, type WaitOptions } from "../wait/mod.ts";

/** How often (ms) the event loop has its turn while messages come in a rush. */
const TURN_MS = 10;

/** Messages as they come. That the other side has closed ends nothing. */
export class Incoming {
  readonly #receiver: Receiver;
  readonly #inbox: Inbox;
  readonly #turn = new Turn(TURN_MS);

  constructor(mechanism: Mechanism, receiver: Receiver) {
    const { boundaries } = mechanism.properties;
    this.#receiver = receiver;
    this.#inbox = new Inbox(receiver, () => header.decoder(), boundaries);
  }

  /**
   * Waits for the next message.
   *
   * @returns It, or what is wrong with it; valid until the next call.
   * @throws {TimeoutError} If none comes in time.
   * @throws The signal's reason, once it is aborted.
   */
  async next(wait: WaitOptions): Promise<Message | MessageError> {
    // Without it a flood of messages would leave Ctrl-C unheard.
    if (this.#turn.due()) await this.#turn.pass();
    wait.signal?.throwIfAborted();
    const look = () => {
      const found = this.#inbox.poll();
      return found === END ? PENDING : found; // another sender may come
    };
    return await waitFor(
      look,
      (signal) => this.#receiver.readable(signal),
      wait,
    );
  }

  /** Takes out what was read beyond the last message. @returns How many. */
  drain(): number {
    return [...this.#inbox.drain()].length;
  }
}
