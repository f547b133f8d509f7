/**
 * The producer's end of the channel: it offers each record until it is taken,
 * and counts the values.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { ABSENT, FULL, type Refusal, type Sender } from "../channel/mod.ts";
import { SIGNAL_MS } from "../cli/command.ts";
import type { ProcessLog } from "../cli/log.ts";
import type { Progress } from "../cli/progress.ts";
import { errorWritten, isErrorFull } from "../cli/standard_error.ts";
import { LabError, TimeoutError } from "../error.ts";
import type { MessageError } from "../message/message.ts";
import { retryLine } from "../wait/retry.ts";
import { Turn } from "../wait/turn.ts";
import { waitFor, type WaitOptions } from "../wait/wait_for.ts";
import { amount, Tally } from "./tally.ts";

/** Options for {@linkcode Writer}. */
export interface WriterOptions {
  /** Can a new receiver open the channel after one has gone? */
  reopens: boolean;
  /** How many values there are, if that is known. */
  total?: number;
  log: ProcessLog;
  progress: Progress;
  wait: WaitOptions;
  /** No line per value. */
  quiet: boolean;
  /** Do the values come from another process of the same command line? */
  piped?: boolean;
}

/** Writes records, counts their values, and logs what is missing. */
export class Writer {
  readonly tally: Tally;
  readonly #sender: Sender;
  readonly #options: WriterOptions;
  readonly #wait: WaitOptions;
  readonly #turn = new Turn(50);
  #lost = 0; // values that were written when the last receiver went

  constructor(sender: Sender, options: WriterOptions) {
    this.tally = new Tally("written", options.total);
    this.#sender = sender;
    this.#options = options;
    this.#wait = sayingRetries(options);
  }

  /**
   * Writes a record; resolves when the channel has taken it.
   *
   * @param values How many values are in it.
   * @throws {LabError} If no receiver takes it; the text says what is missing.
   * @throws The signal's reason, once it is aborted.
   */
  async put(record: Uint8Array, values: number, priority = 0): Promise<void> {
    if (isErrorFull()) await explain(errorWritten(this.#wait), this.tally);
    const sender = this.#sender;
    const offer = () => this.#noticeAbsence(sender.offer(record, priority));
    const refused = offer();
    if (refused !== true) {
      const ready = (signal: AbortSignal) => sender.writable(signal);
      await explain(waitFor(offer, ready, this.#wait, refused), this.tally);
    }
    this.tally.values += values;
    const { progress } = this.#options;
    progress.begin();
    progress.count = this.tally.values;
    if (this.#turn.due()) await this.#passTurn();
  }

  #noticeAbsence(offered: true | Refusal): true | Refusal {
    if (offered !== ABSENT) return offered;
    const { reopens, log } = this.#options;
    const { values } = this.tally;
    const text = `The reader has gone: ${this.tally.words}`;
    if (!reopens) throw new LabError(text);
    if (values > this.#lost) {
      this.#lost = values;
      log.warn(text, { event: "error", count: values });
    }
    return offered;
  }

  /** Logs that a message cannot be sent, and counts it as bad. */
  async refuse(error: MessageError): Promise<void> {
    this.tally.bad++;
    this.#options.log.error(error.message);
    if (isErrorFull()) await explain(errorWritten(this.#wait), this.tally);
    if (this.#turn.due()) await this.#passTurn();
  }

  /**
   * Waits until a server, if there is one, has acknowledged everything.
   *
   * @throws {LabError} If it does not; the text says what is missing.
   * @throws The signal's reason, once it is aborted.
   */
  async #settle(): Promise<void> {
    const sender = this.#sender;
    if (!sender.settled) return;
    let all = false;
    const ready = async (signal: AbortSignal) => {
      const waiting = sender.settled?.(signal);
      all = waiting === undefined;
      await waiting;
    };
    const wait = { ...this.#wait, way: "block" as const };
    const missing = "The server has not acknowledged everything: ";
    const acknowledged = waitFor(() => all || FULL, ready, wait, FULL);
    await explain(acknowledged, this.tally, missing);
  }

  async #passTurn() {
    this.#options.progress.show();
    await this.#turn.pass();
    this.#wait.signal?.throwIfAborted();
  }

  /**
   * Logs the last lines, when everything is where it cannot get lost.
   *
   * @returns `true` if everything was written.
   */
  async finish(): Promise<boolean> {
    await this.#settle();
    const { log, progress, quiet, piped } = this.#options;
    const { values, bad } = this.tally;
    const summary = progress.finish();
    if (piped) await signalComes(this.#wait.signal);
    if (quiet) log.summary("Wrote", summary);
    else log.finish();
    if (bad === 0) return true;
    const all = amount(values + bad, "message");
    log.error(
      `${bad} of ${all} ${bad === 1 ? "was" : "were"} bad and not sent`,
    );
    return false;
  }
}

/**
 * Gives Ctrl-C its time to reach us. It may be what has ended the other process
 * of our command line: then this is not the end of the values.
 *
 * @throws The signal's reason, once it is aborted.
 */
export async function signalComes(signal?: AbortSignal): Promise<void> {
  await delay(SIGNAL_MS, { signal });
}

/** The options of a wait that logs its retries. */
export function sayingRetries(
  { wait, log, quiet }: Pick<WriterOptions, "wait" | "log" | "quiet">,
): WaitOptions {
  return {
    ...wait,
    onRetry(refusal, attempt, ms) {
      if (quiet) log.debug(retryLine(refusal, ms));
      else log.retry(refusal, attempt, ms);
    },
  };
}

/** Adds to the error of a timeout how many values are missing. */
export async function explain<T>(
  waiting: Promise<T>,
  tally: Tally,
  before = "",
): Promise<T> {
  try {
    return await waiting;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new TimeoutError(`${before}${error.message}: ${tally.words}`);
  }
}
