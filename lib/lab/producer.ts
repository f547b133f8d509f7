/**
 * What process 1, the producer, does: it takes a value, logs it, puts it into
 * the channel, and sleeps after every sixth.
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
import { produceInBulk } from "./bulk.ts";
import { Control } from "./control.ts";
import type { ProducerOptions } from "./flags.ts";
import { messagesOf, numbers, openInput } from "./input.ts";
import { numberLines } from "./number_lines.ts";
import {
  addressOf,
  type ExitCode,
  followLab,
  openEnd,
  openProgress,
  waitOptionsOf,
} from "./setup.ts";
import { amount } from "./tally.ts";
import { explain, Writer, type WriterOptions } from "./writer.ts";

/**
 * Process 1, from its options to its exit code.
 *
 * @param memory The memory shared with process 2, if both are workers.
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
  using progress = await openProgress("Writing", total, options, memory);
  const address = addressOf(options, options.to, memory);
  const { openSender } = await mechanism.load();
  const log = new ProcessLog(from);
  const wait = waitOptionsOf(options, signal);
  await using _lab = await followLab(options, address, signal);
  await using sender = await openEnd(
    () => openSender(address),
    "receiver",
    { mechanism, address, log, wait },
  );
  await using acknowledgements = options.sync
    ? await Acknowledgements.open(mechanism, `${options.name}.${from}`)
    : undefined;
  using control = options.control
    ? new Control(Deno.stdin.readable, { pause, interval }, log)
    : undefined;
  const reopens = openedBy === "name";
  const piped = options.input === "-";
  const common = { total, reopens, log, progress, wait, quiet, piped };
  const headerOf = headersFrom(from, options, acknowledgements?.replyTo);
  const rests = control || interval > 0 || pause > 0 && pauseEvery > 0;
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
    // The acknowledgement ends the wait of a rendezvous: no retry is needed.
    delivered: acknowledgements &&
      ((seq) => acknowledgements.of(seq, { ...wait, way: "block" })),
    pauseEvery,
    pause,
    interval,
    control,
  });
  return sent ? 0 : 1;
}

/** Makes the header of each message; `undefined` if messages have none. */
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
  /** The messages; an error stands for one that cannot be sent. */
  source: AsyncIterable<Message | MessageError> | Iterable<Message>;
  /** Makes the header of the message with that number, if it has one. */
  headerOf?: (seq: number) => Header;
  /** For a rendezvous: resolves when the message with that number was taken. */
  delivered?: (seq: number) => Promise<void>;
  format: Format;
  /** How many values are written between two pauses; 0 for no pause. */
  pauseEvery: number;
  pause: number;
  interval: number;
  /** Decides when the next value may be written. */
  control?: Control;
}

/**
 * Sends everything that the source has.
 *
 * @returns `true` if all of it was sent.
 * @throws {LabError} If no receiver takes it; the message says what is missing.
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
    if (!quiet) log.write(text, seq, header?.priority);
    log.debug(`Message ${seq}: ${amount(record.message.body.length, "byte")}`);
    await writer.put(record.bytes, 1, header?.priority);
    if (delivered) {
      const missing = `No acknowledgement of ${text} has come ` +
        `(consumer, --format=header): `;
      await explain(delivered(seq), writer.tally, missing);
      if (!quiet) log.deliver(text, seq);
    }
  }
  return await writer.finish();
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

/** Sleeps between two values, if the options ask for it. */
async function rest(
  written: number,
  { pauseEvery, quiet, log, wait, control, ...options }: ProduceOptions,
): Promise<void> {
  const { pause, interval } = control?.rests ?? options;
  const { clock = systemClock, signal } = wait;
  const pauses = pause > 0 && pauseEvery > 0 && written % pauseEvery === 0;
  const ms = pauses ? pause : interval;
  if (written > 0 && ms > 0 && !control?.stepping) {
    if (pauses && !quiet) log.pause(pause);
    if (control) await control.rest(pauses ? "pause" : "interval", signal);
    else await clock.sleep(ms, signal);
  }
  await control?.turn(signal);
}
