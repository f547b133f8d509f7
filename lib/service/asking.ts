/**
 * How a client asks the server, and hears its answers.
 *
 * @module
 */
import type { Receiver, Sender } from "../channel/mod.ts";
import type { ProcessLog } from "../cli/log.ts";
import { header } from "../message/header.ts";
import { Message, MessageError, recordOf } from "../message/mod.ts";
import { waitFor } from "../wait/mod.ts";
import type { ClientOptions } from "./flags.ts";
import { Incoming, type IncomingWait } from "./incoming.ts";
import { ANSWER_BYTES } from "./request.ts";

/** What a client has open while it asks. */
export interface Ends {
  /** To the server. */
  sender: Sender;
  /** Of the reply channel. */
  receiver: Receiver;
  log: ProcessLog;
  signal: AbortSignal;
}

/** Asks, and waits for the answers. */
export class Asking {
  readonly #options: ClientOptions;
  readonly #replyTo: string;
  readonly #sender: Sender;
  readonly #incoming: Incoming;
  readonly #log: ProcessLog;
  readonly #wait: IncomingWait;

  constructor(options: ClientOptions, replyTo: string, ends: Ends) {
    const { sender, receiver, log, signal } = ends;
    this.#options = options;
    this.#replyTo = replyTo;
    this.#sender = sender;
    this.#incoming = new Incoming(
      options.mechanism,
      receiver,
      ANSWER_BYTES,
    );
    this.#log = log;
    this.#wait = {
      way: options.wait,
      delay: options.retry,
      timeout: options.timeout,
      signal,
      onRetry: log.retry.bind(log),
    };
  }

  /** Sends a request. @throws {TimeoutError} If the server takes it too late. */
  async ask(seq: number): Promise<void> {
    const sender = this.#sender;
    const request = Message.of(String(this.#options.count), {
      type: "request",
      from: `client.${Deno.pid}`,
      to: this.#options.name,
      seq,
      priority: 0,
      replyTo: this.#replyTo,
    });
    const record = recordOf(request, header, sender.limit);
    await waitFor(
      () => sender.offer(record),
      (signal) => sender.writable(signal),
      this.#wait,
    );
  }

  /**
   * Waits for the answer to a request, and ignores answers to others.
   *
   * @throws {TimeoutError} If it does not come in time.
   */
  async answer(seq: number): Promise<Message> {
    const log = this.#log;
    return await this.#incoming.find((found) => {
      if (found instanceof MessageError) {
        log.warn(found.message);
        return undefined;
      }
      const { type, from, seq: theirs } = found.header ?? {};
      const answers = type === "response" || type === "error";
      if (answers && theirs === seq) return found;
      log.warn(
        `Ignored a ${type} with Seq ${theirs} from ${from}: we wait for the answer to request ${seq}`,
      );
    }, this.#wait);
  }
}
