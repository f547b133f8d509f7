/**
 * The consumer's story, process 2: look for a value, say what was read, and
 * where there is none, wait.
 *
 * @module
 */
import { END, PENDING, type Receiver } from "../channel/channel.ts";
import { LabError, TimeoutError } from "../error.ts";
import type { ProcessLog } from "../cli/log.ts";
import { Inbox } from "../message/mailbox.ts";
import {
  type Format,
  type Header,
  MessageError,
  sizeLine,
} from "../message/message.ts";
import type { Output } from "./output.ts";
import type { Progress } from "../cli/progress.ts";
import { SeqCheck } from "../message/sequence_check.ts";
import {
  retryLine,
  systemClock,
  Turn,
  waitFor,
  type WaitOptions,
} from "../wait/wait.ts";

/** Options for {@linkcode consume}. Durations are in milliseconds. */
export interface ConsumeOptions {
  /** How many values to expect; `undefined`: until every producer has closed. */
  count?: number;
  format: Format;
  /** Is each record exactly one message? */
  boundaries: boolean;
  /** Can a new producer come when all have closed? */
  reopens: boolean;
  log: ProcessLog;
  progress: Progress;
  wait: WaitOptions;
  interval: number;
  output?: Output;
  /** Says to the sender that a message was taken; gives what is wrong, if it cannot. */
  taken?: (header: Header) => Promise<string | undefined>;
  /** No line per value. */
  quiet: boolean;
}

/**
 * Consumes what comes.
 *
 * @returns `true`: all values came, and all were good.
 * @throws {LabError} If values are missing; the message says how many.
 * @throws The signal's reason, once it is aborted.
 */
export async function consume(
  receiver: Receiver,
  options: ConsumeOptions,
): Promise<boolean> {
  const { count, log, progress, interval, output, taken, quiet } = options;
  const { clock = systemClock, signal } = options.wait;
  const inbox = new Inbox(receiver, options.format, options.boundaries);
  const check = new SeqCheck();
  const turn = new Turn(50);
  const total = count ?? Infinity;
  // Where nobody looks at each value, they come as many at once as lie there.
  const hurry = quiet && interval === 0;
  let read = 0;
  let bad = 0;

  const missing = () =>
    count === undefined
      ? `${read} values were read, the end did not come`
      : `${read} of ${count} values were read, ${
        count - read - bad
      } are missing`;

  const wait: WaitOptions = {
    ...options.wait,
    onRetry(refusal, attempt, ms) {
      if (!quiet) log.retry(refusal, attempt, ms);
      else log.debug(retryLine(refusal, ms));
    },
  };

  /** The next message; `null`: the end, where the end was asked for. */
  function look() {
    const found = inbox.poll(hurry ? total - read - bad : 1);
    if (found !== END) return found;
    if (count === undefined) return null;
    if (options.reopens) return PENDING; // a new producer may finish the job
    throw new LabError(`Every producer has closed: ${missing()}`);
  }

  async function next() {
    await output?.flush();
    progress.show();
    try {
      const ready = (signal: AbortSignal) => receiver.readable(signal);
      return await waitFor(look, ready, wait, PENDING);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new TimeoutError(`${error.message}: ${missing()}`);
    }
  }

  log.start();
  while (read + bad < total) {
    let found = look();
    if (found === PENDING) found = await next();
    if (found === null) break;
    if (found instanceof MessageError) {
      log.error(found.message);
      // A torn one was never whole: its sender, or another, may send it again.
      if (!found.torn || count === undefined) bad++;
      continue;
    }
    const { header } = found;
    if (header) {
      const wrong = check.look(header);
      if (wrong !== undefined) log.warn(wrong, { event: "error", ...header });
      const unheard = await taken?.(header);
      if (unheard !== undefined) log.warn(unheard, { event: "error" });
    }
    read += found.count;
    progress.begin();
    progress.count = read;
    if (!quiet) {
      log.read(found.text, read);
      log.debug(sizeLine(found, read));
    }
    if (output?.add(found)) await output.flush();
    if (interval > 0 && read < total) await clock.sleep(interval, signal);
    if (turn.due()) {
      progress.show();
      await turn.pass();
      signal?.throwIfAborted();
    }
  }
  await output?.flush();
  const unread = inbox.drain();
  if (unread > 0) {
    // read(2) takes all that a pipe holds, and nobody can put it back.
    log.warn(
      `${unread} more values had come than were expected: they are lost`,
    );
  }
  if (quiet) log.summary("Read", progress.finish());
  else log.finish();
  if (bad > 0) {
    log.error(
      `${bad} of ${read + bad} messages were bad: ${read} values were read`,
    );
  }
  return bad === 0;
}
