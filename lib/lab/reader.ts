/**
 * The consumer's end of the channel: it waits until something has come, and
 * counts the values.
 *
 * @module
 */
import {
  END,
  isRefusal,
  PENDING,
  type Receiver,
  type Refusal,
  type Unread,
} from "../channel/mod.ts";
import type { ProcessLog } from "../cli/log.ts";
import type { Progress } from "../cli/progress.ts";
import { errorWritten, isErrorFull } from "../cli/standard_error.ts";
import { LabError } from "../error.ts";
import type { MessageError } from "../message/message.ts";
import { Turn } from "../wait/turn.ts";
import { waitFor, type WaitOptions } from "../wait/wait_for.ts";
import type { Output } from "./output.ts";
import { amount, Tally, wereMoved } from "./tally.ts";
import { explain, sayingRetries, signalComes } from "./writer.ts";

/** Options for {@linkcode Reader}. */
export interface ReaderOptions {
  /** How many values to expect; `undefined`: until all producers close. */
  count?: number;
  /** Can a new producer open the channel after all have closed it? */
  reopens: boolean;
  log: ProcessLog;
  progress: Progress;
  wait: WaitOptions;
  output?: Output;
  /** No line per value. */
  quiet: boolean;
}

/** Reads, counts what was read, and logs what is missing. */
export class Reader {
  readonly tally: Tally;
  readonly #receiver: Receiver;
  readonly #options: ReaderOptions;
  readonly #wait: WaitOptions;
  readonly #turn = new Turn(50);

  constructor(receiver: Receiver, options: ReaderOptions) {
    this.tally = new Tally("read", options.count);
    this.#receiver = receiver;
    this.#options = options;
    this.#wait = sayingRetries(options);
  }

  /**
   * Waits for the next message, or the next lines.
   *
   * @param poll Returns it, or the reason why there is none.
   * @returns It; or END, if values are read until the end.
   * @throws {LabError} If it does not come; the message says what is missing.
   * @throws The signal's reason, once it is aborted.
   */
  async next<T>(
    poll: () => T | Refusal | typeof END,
  ): Promise<T | typeof END> {
    const look = () => this.#orMissing(poll());
    if (isErrorFull()) await explain(errorWritten(this.#wait), this.tally);
    if (this.#turn.due()) await this.#passTurn();
    const found = look();
    if (!isRefusal(found)) return found;
    await this.#options.output?.flush();
    this.#options.progress.show();
    const ready = (signal: AbortSignal) => this.#receiver.readable(signal);
    return await explain(waitFor(look, ready, this.#wait, found), this.tally);
  }

  #orMissing<T>(found: T): T | typeof PENDING {
    const { count, reopens } = this.#options;
    if (found !== END || count === undefined) return found;
    if (reopens) return PENDING; // a new producer may finish the job
    throw new LabError(`Every producer has closed: ${this.tally.words}`);
  }

  async #passTurn() {
    this.#options.progress.show();
    await this.#turn.pass();
    this.#wait.signal?.throwIfAborted();
  }

  /** Counts values that were read. */
  took(values: number): void {
    this.tally.values += values;
    const { progress } = this.#options;
    progress.begin();
    progress.count = this.tally.values;
  }

  /** Logs that a message was bad, and counts it. */
  refuse(error: MessageError): void {
    this.#options.log.error(error.message);
    // A torn message is not counted: it may be sent again, and whole.
    if (!error.torn || this.#options.count === undefined) this.tally.bad++;
  }

  /**
   * Reads until nothing is left to do. However that ends, it logs what had come
   * and was not taken.
   *
   * @param work Does the reading.
   * @param ahead How many values read(2) has delivered after the last that was
   * taken: it takes all that a pipe holds, and a pipe takes nothing back.
   * @throws What `work` throws.
   */
  async sayWhatIsLeft(
    work: () => Promise<void>,
    ahead: () => number,
  ): Promise<void> {
    try {
      await work();
    } finally {
      const { log } = this.#options;
      const values = ahead();
      if (values > 0) {
        const more = `${values} more ${values === 1 ? "value" : "values"}`;
        const were = values === 1 ? "was" : "were";
        log.warn(`${more} had come and ${were} not taken: lost`);
      }
      const left = leftWords(this.#receiver.unread?.());
      if (left !== undefined) log.warn(`${left} in the channel unread`);
    }
  }

  /** Logs the last lines. @returns `true` if all messages were good. */
  async finish(): Promise<boolean> {
    const { log, progress, quiet, count, reopens } = this.#options;
    const { values, bad } = this.tally;
    const summary = progress.finish();
    const piped = count === undefined && !reopens; // it has read to the end
    if (piped) await signalComes(this.#wait.signal);
    if (quiet) log.summary("Read", summary);
    else log.finish();
    if (bad === 0) return true;
    const all = amount(values + bad, "message");
    const verb = bad === 1 ? "was" : "were";
    log.error(`${bad} of ${all} ${verb} bad: ${wereMoved(values)} read`);
    return false;
  }
}

/** `8000 bytes lie`, or `undefined` if nothing does. */
function leftWords(unread?: Unread): string | undefined {
  if (!unread) return undefined;
  const [count, noun] = "bytes" in unread
    ? [unread.bytes, "byte"]
    : [unread.messages, "message"];
  if (count === 0) return undefined;
  return `${amount(count, noun)} ${count === 1 ? "lies" : "lie"}`;
}
