/**
 * The producer's story, process 1: take a value, say so, put it into the
 * channel, and sleep after every sixth.
 *
 * @module
 */
import { ABSENT, type Refusal, type Sender } from "../channel/channel.ts";
import { LabError, TimeoutError } from "../error.ts";
import type { Source } from "./input.ts";
import type { ProcessLog } from "../cli/log.ts";
import { Outbox, type OutboxOptions } from "../message/mailbox.ts";
import {
  type Format,
  type Header,
  Message,
  MessageError,
  sizeLine,
} from "../message/message.ts";
import type { Progress } from "../cli/progress.ts";
import {
  retryLine,
  systemClock,
  Turn,
  waitFor,
  type WaitOptions,
} from "../wait/wait.ts";

/** Options for {@linkcode produce}. Durations are in milliseconds. */
export interface ProduceOptions extends OutboxOptions {
  source: Source;
  /** Can a new reader come when one has gone? */
  reopens: boolean;
  /** How many messages the source has, where that is known. */
  total?: number;
  /** The header of the message of that number, where it has one. */
  headerOf?: (seq: number) => Header;
  /** Resolves when the message of that number was taken: a rendezvous. */
  delivered?: (seq: number) => Promise<void>;
  format: Format;
  log: ProcessLog;
  progress: Progress;
  wait: WaitOptions;
  /** Sleep after every that many values; 0 for never. */
  pauseEvery: number;
  pause: number;
  interval: number;
  /** No line per value. */
  quiet: boolean;
}

/**
 * Produces everything the source has.
 *
 * @returns `true`: all of it went through.
 * @throws {LabError} If nobody takes it (any more); the message says what is missing.
 * @throws The signal's reason, once it is aborted.
 */
export async function produce(
  sender: Sender,
  options: ProduceOptions,
): Promise<boolean> {
  const { source, total, reopens, log, progress, quiet } = options;
  const { headerOf, delivered, pauseEvery, pause, interval } = options;
  const { clock = systemClock, signal } = options.wait;
  const outbox = new Outbox(sender, options.format, options);
  const turn = new Turn(50);
  const pauses = pauseEvery > 0 && pause > 0;
  // Where nobody looks at each value, as many go at once as lie there.
  const hurry = quiet && options.gather && !headerOf && !delivered &&
    interval === 0 && !pauses;
  let seq = 0;
  let bad = 0;
  let lost = 0; // values that had been written when the reader went

  const wait: WaitOptions = {
    ...options.wait,
    onRetry(refusal, attempt, ms) {
      if (!quiet) log.retry(refusal, attempt, ms);
      else log.debug(retryLine(refusal, ms));
    },
  };

  /** `6 of 10 values were written, 4 are missing` */
  const written = () =>
    total === undefined
      ? `${outbox.sent} values were written`
      : `${outbox.sent} of ${total} values were written, ${
        total - outbox.sent
      } are missing`;

  /** Offers once, and takes notice of a reader that has gone. */
  function attempt(offer: () => true | Refusal): true | Refusal {
    const offered = offer();
    if (offered === true) progress.begin();
    if (offered === ABSENT && outbox.sent > lost) {
      lost = outbox.sent;
      if (!reopens) throw new LabError(`The reader has gone: ${written()}`);
      const values = { event: "error", count: outbox.sent };
      log.warn(`The reader has gone: ${written()}`, values);
    }
    return offered;
  }

  /** Offers until it is taken. */
  async function put(offer: () => true | Refusal) {
    const look = () => attempt(offer);
    const refused = look();
    if (refused === true) return;
    try {
      await waitFor(look, (signal) => sender.writable(signal), wait, refused);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new TimeoutError(`${error.message}: ${written()}`);
    }
  }

  /** Waits until it was taken, where that is asked for. */
  async function taken() {
    try {
      await delivered?.(seq);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new TimeoutError(
        `Nobody has said that ${message.text} was taken (consumer, --format=header): ${error.message}: ${written()}`,
      );
    }
  }

  let message: Message;
  const offer = () => outbox.offer(message);
  const flush = () => outbox.flush();
  log.start();
  for await (const messages of source) {
    for (let found; (found = messages.next(hurry ? Infinity : 1));) {
      if (found instanceof MessageError) {
        bad++;
        log.error(found.message);
        continue;
      }
      if (pauses && seq > 0 && seq % pauseEvery === 0) {
        await put(flush);
        if (!quiet) log.pause(pause);
        await clock.sleep(pause, signal);
      } else if (interval > 0 && seq > 0) {
        await put(flush);
        await clock.sleep(interval, signal);
      }
      seq += found.count;
      message = headerOf === undefined
        ? found
        : new Message(found.bytes, found.start, found.end, headerOf(seq));
      if (!quiet) {
        log.write(message.text, seq);
        log.debug(sizeLine(message, seq));
      }
      try {
        if (attempt(offer) !== true) await put(offer);
        if (!quiet || delivered) await put(flush);
        await taken();
        if (delivered && !quiet) log.deliver(message.text, seq);
      } catch (error) {
        if (!(error instanceof MessageError)) throw error;
        bad++;
        seq--;
        log.error(error.message);
      }
      if (turn.due()) {
        progress.count = outbox.sent;
        progress.show();
        await turn.pass();
        signal?.throwIfAborted();
      }
    }
    await put(flush);
  }
  await put(flush);
  progress.count = outbox.sent;
  if (quiet) log.summary("Wrote", progress.finish());
  else log.finish();
  if (bad > 0) {
    log.error(`${bad} of ${seq + bad} messages were bad and were not sent`);
  }
  return bad === 0;
}
