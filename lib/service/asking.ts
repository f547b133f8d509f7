/**
 * How a client asks the server, and hears its answers.
 *
 * @module
 */
import type { Operations, Receiver, Sender } from "../channel/mod.ts";
import type { ProcessLog } from "../cli/log.ts";
import { header } from "../message/header.ts";
import { Message, MessageError, recordOf } from "../message/mod.ts";
import { openInTime, waitFor } from "../wait/mod.ts";
import type { ClientOptions } from "./flags.ts";
import { Incoming, type IncomingWait } from "./incoming.ts";
import { newReplyName, replyAddress } from "./reply_channel.ts";
import { ANSWER_BYTES } from "./request.ts";
import { withdraw } from "./withdrawal.ts";

type OpenSender = Sender & (Disposable | AsyncDisposable);
type OpenReceiver = Receiver & (Disposable | AsyncDisposable);

/** The two channels of a client: it asks on one, and reads answers on the other. */
export class Asking implements AsyncDisposable {
  readonly #operations: Operations;
  readonly #options: ClientOptions;
  readonly #log: ProcessLog;
  readonly #wait: IncomingWait;
  readonly #replyTo: string;
  readonly #sender: OpenSender;
  readonly #receiver: OpenReceiver;
  readonly #incoming: Incoming;
  #unanswered = false;

  private constructor(
    operations: Operations,
    options: ClientOptions,
    log: ProcessLog,
    signal: AbortSignal,
    ends: { replyTo: string; sender: OpenSender; receiver: OpenReceiver },
  ) {
    const { mechanism, wait, retry, timeout } = options;
    const onRetry = log.retry.bind(log);
    this.#operations = operations;
    this.#options = options;
    this.#log = log;
    this.#wait = { way: wait, delay: retry, timeout, signal, onRetry };
    this.#replyTo = ends.replyTo;
    this.#sender = ends.sender;
    this.#receiver = ends.receiver;
    this.#incoming = new Incoming(mechanism, ends.receiver, ANSWER_BYTES);
  }

  /** Opens the server's channel, and a new reply channel. */
  static async open(
    operations: Operations,
    options: ClientOptions,
    log: ProcessLog,
    signal: AbortSignal,
  ): Promise<Asking> {
    const { mechanism, name } = options;
    const replyTo = newReplyName(name);
    log.debug(`Answers come on ${replyTo}`);
    const address = replyAddress(mechanism, replyTo);
    await using stack = new AsyncDisposableStack();
    const receiver = stack.use(await operations.openReceiver(address));
    const sender = stack.use(
      await openInTime(() => operations.openSender({ name }), {
        timeout: options.timeout,
        signal,
      }),
    );
    const ends = { replyTo, sender, receiver };
    const asking = new Asking(operations, options, log, signal, ends);
    stack.move();
    return asking;
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
    this.#unanswered = true;
  }

  /**
   * Waits for the answer to a request, and ignores answers to others.
   *
   * @throws {TimeoutError} If it does not come in time.
   */
  async answer(seq: number): Promise<Message> {
    const log = this.#log;
    const answer = await this.#incoming.find((found) => {
      if (found instanceof MessageError) {
        log.warn(found.message);
        return undefined;
      }
      const { type, from, seq: theirs } = found.header ?? {};
      const answers = type === "response" || type === "error";
      if (answers && theirs === seq) return found;
      log.warn(
        `Ignored a message of Type "${type}", Seq ${theirs}, From "${from}": it does not answer request ${seq}`,
      );
    }, this.#wait);
    this.#unanswered = false;
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _receiver = this.#receiver;
    await using sender = this.#sender;
    const { mechanism, name } = this.#options;
    if (!this.#unanswered || !mechanism.properties.outlives) return;
    const request = { name, replyTo: this.#replyTo, sender };
    await withdraw(this.#operations, request, this.#log);
  }
}
