/**
 * What process 2, the consumer, does: it looks for a value and logs what it has
 * read; where there is no value, it waits.
 *
 * @module
 */
import { END, type Receiver } from "../channel/mod.ts";
import { ProcessLog } from "../cli/log.ts";
import { FORMATS } from "../message/formats.ts";
import { Inbox } from "../message/inbox.ts";
import { type Format, type Header, MessageError } from "../message/message.ts";
import { SequenceCheck } from "../message/sequence_check.ts";
import { systemClock } from "../wait/retry.ts";
import { Acknowledger } from "./acknowledgement.ts";
import { consumeInBulk } from "./bulk.ts";
import type { ConsumerOptions } from "./flags.ts";
import { Output } from "./output.ts";
import { Reader, type ReaderOptions } from "./reader.ts";
import {
  addressOf,
  type ExitCode,
  followLab,
  openEnd,
  openProgress,
  waitOptionsOf,
} from "./setup.ts";
import { amount } from "./tally.ts";

/**
 * Process 2, from its options to its exit code.
 *
 * @param memory The memory shared with process 1, if both are workers.
 */
export async function runConsumer(
  options: ConsumerOptions,
  signal: AbortSignal,
  memory?: SharedArrayBuffer,
): Promise<ExitCode> {
  const { mechanism, output: path, untilEnd, quiet, interval } = options;
  const { boundaries, openedBy } = mechanism.properties;
  const count = untilEnd ? undefined : options.count;
  await using output = path === undefined
    ? undefined
    : await Output.open(path, signal);
  using progress = await openProgress("Reading", count, options, memory);
  const name = options.as ?? "process2";
  const address = addressOf(options, options.as, memory);
  const { openReceiver } = await mechanism.load();
  const log = new ProcessLog(name);
  const wait = waitOptionsOf(options, signal);
  await using _lab = await followLab(options, address, signal);
  await using receiver = await openEnd(
    () => openReceiver(address),
    "sender",
    { mechanism, address, log, wait },
  );
  const reopens = openedBy === "name";
  const common = { count, boundaries, reopens, log, progress, wait, output };
  if (quiet && interval === 0 && options.format === "line") {
    return await consumeInBulk(receiver, { ...common, quiet }) ? 0 : 1;
  }
  await using acknowledger = new Acknowledger(
    mechanism,
    options.name,
    name,
    { ...wait, way: "block" },
  );
  const good = await consume(receiver, {
    ...common,
    quiet,
    interval,
    format: FORMATS[options.format],
    acknowledge: (header) => acknowledger.answer(header),
  });
  return good ? 0 : 1;
}

/** Options for {@linkcode consume}. Durations are in milliseconds. */
export interface ConsumeOptions extends ReaderOptions {
  format: Format;
  /** Does each record begin and end with a message? */
  boundaries: boolean;
  interval: number;
  /**
   * Tells the producer that a message was taken.
   *
   * @returns A warning if it cannot.
   */
  acknowledge?: (header: Header) => Promise<string | undefined>;
}

/**
 * Reads values, logs them, and acknowledges those that ask for it.
 *
 * @returns `true` if all values came and all were good.
 * @throws {LabError} If values are missing; the message says how many.
 * @throws The signal's reason, once it is aborted.
 */
export async function consume(
  receiver: Receiver,
  options: ConsumeOptions,
): Promise<boolean> {
  const { format, boundaries, log, interval, output, quiet } = options;
  const { clock = systemClock, signal } = options.wait;
  const inbox = new Inbox(receiver, () => format.decoder(), boundaries);
  const reader = new Reader(receiver, options);
  const check = new SequenceCheck();
  const readAll = async () => {
    while (reader.tally.left > 0) {
      const found = await reader.next(() => inbox.poll());
      if (found === END) break;
      if (found instanceof MessageError) {
        reader.refuse(found);
        continue;
      }
      const { header, body, text } = found;
      const wrong = header && check.look(header);
      if (wrong !== undefined) log.warn(wrong, { event: "error", ...header });
      reader.took(1);
      const { values } = reader.tally;
      if (!quiet) log.read(text, values);
      log.debug(`Message ${values}: ${amount(body.length, "byte")}`);
      output?.addLine(body);
      if (!quiet || output?.isFull) await output?.flush();
      // Acknowledged last: by now the value is logged and written.
      const unanswered = header && await options.acknowledge?.(header);
      if (unanswered !== undefined) log.warn(unanswered, { event: "error" });
      if (interval > 0 && reader.tally.left > 0) {
        await clock.sleep(interval, signal);
      }
    }
    await output?.flush();
  };
  await reader.sayWhatIsLeft(readAll, () => [...inbox.drain()].length);
  return reader.finish();
}
