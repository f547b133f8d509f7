/**
 * The producer's story, process 1: take a value, say so, put it into the
 * channel, and sleep after every sixth.
 *
 * @module
 */
import type { Sender } from "../channel/mod.ts";
import { ProcessLog } from "../cli/log.ts";
import { FORMATS } from "../message/formats.ts";
import {
  type Format,
  type Header,
  Message,
  MessageError,
  recordOf,
} from "../message/message.ts";
import { systemClock } from "../wait/retry.ts";
import { Acknowledgements } from "./acknowledgement.ts";
import { numberLines, produceInBulk } from "./bulk.ts";
import type { ProducerOptions } from "./flags.ts";
import { messagesOf, numbers, openInput } from "./input.ts";
import {
  addressOf,
  type ExitCode,
  followLab,
  openAnd,
  openProgress,
  waitOptionsOf,
} from "./setup.ts";
import { amount } from "./tally.ts";
import { explain, Writer, type WriterOptions } from "./writer.ts";

/**
 * Process 1, from its options to its exit code.
 *
 * @param memory What process 2 shares with us, where both are workers.
 */
export async function runProducer(
  options: ProducerOptions,
  signal: AbortSignal,
  memory?: SharedArrayBuffer,
): Promise<ExitCode> {
  const { mechanism, quiet, count, interval, pauseEvery, pause } = options;
  const { boundaries, openedBy } = mechanism.properties;
  const from = options.as ?? "process1";
  const total = options.input === undefined ? count : undefined;
  const input = options.input === undefined
    ? undefined
    : await openInput(options.input, signal);
  using progress = await openProgress("Writing", total, options);
  const address = addressOf(options, options.to, memory);
  const { openSender } = await mechanism.load();
  const log = new ProcessLog(from);
  await using _lab = await followLab(options, address, signal);
  await using sender = await openAnd(
    () => openSender(address),
    "receiver",
    { mechanism, address, log },
  );
  const wait = waitOptionsOf(options, signal);
  await using acknowledgements = options.sync
    ? await Acknowledgements.open(mechanism, `${options.name}.${from}`)
    : undefined;
  const reopens = openedBy === "name";
  const common = { total, reopens, log, progress, wait, quiet };
  const headerOf = headersFrom(from, options, acknowledgements?.replyTo);
  const rests = interval > 0 || pause > 0 && pauseEvery > 0;
  if (quiet && !rests && !headerOf) {
    const source = input ?? numberLines(options.from, count);
    return await produceInBulk(sender, { ...common, source, boundaries })
      ? 0
      : 1;
  }
  const sent = await produce(sender, {
    ...common,
    source: input ? messagesOf(input) : numbers(options.from, count),
    format: FORMATS[options.format],
    headerOf,
    // A rendezvous is a wait until it is over: there is nothing to retry.
    delivered: acknowledgements &&
      ((seq) => acknowledgements.of(seq, { ...wait, way: "block" })),
    pauseEvery,
    pause,
    interval,
  });
  return sent ? 0 : 1;
}

/** The headers of all messages; `undefined`: they have none. */
function headersFrom(
  from: string,
  { format, priorities, to = "process2" }: ProducerOptions,
  replyTo?: string,
): ((seq: number) => Header) | undefined {
  if (format !== "header" && priorities === undefined) return undefined;
  return (seq) => ({
    type: "data",
    from,
    to,
    seq,
    priority: priorities ? priorities[(seq - 1) % priorities.length] : 0,
    replyTo,
  });
}

/** Options for {@linkcode produce}. Durations are in milliseconds. */
export interface ProduceOptions extends WriterOptions {
  /** Where the messages come from; one that cannot be sent is an error. */
  source: AsyncIterable<Message | MessageError> | Iterable<Message>;
  /** The header of the message of that number, where it has one. */
  headerOf?: (seq: number) => Header;
  /** Resolves when the message of that number was taken: a rendezvous. */
  delivered?: (seq: number) => Promise<void>;
  format: Format;
  /** Sleep after every that many values; 0 for never. */
  pauseEvery: number;
  pause: number;
  interval: number;
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
  const { source, format, headerOf, delivered, log, quiet } = options;
  const writer = new Writer(sender, options);
  let seq = 0;
  for await (const found of source) {
    const message = found instanceof MessageError || !headerOf
      ? found
      : new Message(found.body, headerOf(seq + 1));
    const record = encode(message, format, sender.limit);
    if (record instanceof MessageError) {
      await writer.refuse(record);
      continue;
    }
    const { text, header } = record.message;
    await rest(seq, options);
    seq++;
    if (!quiet) log.write(text, seq);
    log.debug(`Message ${seq}: ${amount(record.message.body.length, "byte")}`);
    await writer.put(record.bytes, 1, header?.priority);
    if (delivered) {
      const nobody = `Nobody has said that ${text} was taken ` +
        `(consumer, --format=header): `;
      await explain(delivered(seq), writer.tally, nobody);
      if (!quiet) log.deliver(text, seq);
    }
  }
  return writer.finish();
}

/** A message and its bytes, or what is wrong with it. */
function encode(
  message: Message | MessageError,
  format: Format,
  limit: number,
): { message: Message; bytes: Uint8Array } | MessageError {
  if (message instanceof MessageError) return message;
  try {
    return { message, bytes: recordOf(message, format, limit) };
  } catch (error) {
    if (error instanceof MessageError) return error;
    throw error;
  }
}

/** Sleeps between two values, where that is asked for. */
async function rest(
  written: number,
  { pauseEvery, pause, interval, quiet, log, wait }: ProduceOptions,
): Promise<void> {
  if (written === 0) return;
  const { clock = systemClock, signal } = wait;
  if (pause > 0 && pauseEvery > 0 && written % pauseEvery === 0) {
    if (!quiet) log.pause(pause);
    await clock.sleep(pause, signal);
  } else if (interval > 0) {
    await clock.sleep(interval, signal);
  }
}
