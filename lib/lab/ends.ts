/**
 * One end of the channel, from its options to its exit code: what the scripts
 * and the workers run.
 *
 * @module
 */
import type { Address, Mechanism } from "../channel/channel.ts";
import { consume } from "./consume.ts";
import { FORMATS } from "../message/formats.ts";
import { numbers, openLines } from "./input.ts";
import { ProcessLog } from "../cli/log.ts";
import type { Options } from "../cli/options.ts";
import type { Header } from "../message/message.ts";
import { Output } from "./output.ts";
import { produce } from "./produce.ts";
import { Progress } from "../cli/progress.ts";
import { Deliveries, Receipts } from "./rendezvous.ts";
import type { WaitOptions } from "../wait/wait.ts";

/** Exit code 0 if all went through, 1 if not. */
type ExitCode = 0 | 1;

/** Process 1. */
export async function runProducer(
  options: Options,
  signal: AbortSignal,
  memory?: SharedArrayBuffer,
): Promise<ExitCode> {
  const { mechanism, input, count, priorities, to = "process2" } = options;
  const from = options.as ?? "process1";
  const total = input === undefined ? count : undefined;
  const source = input === undefined
    ? numbers(options.from, count)
    : await openLines(input, signal);
  using progress = await openProgress("Writing", total, options);
  const channel = address(options, options.to, memory);
  const { openSender } = await mechanism.load();
  await using sender = await openSender(channel);
  const log = new ProcessLog(from);
  log.debug(opened(mechanism, channel));
  const wait = waiting(options, signal);
  await using deliveries = options.sync
    ? await Deliveries.open(mechanism, address(options, from))
    : undefined;
  const headed = options.format === "header" || priorities !== undefined;
  const headerOf = (seq: number): Header => ({
    type: "data",
    from,
    to,
    seq,
    priority: priorities ? priorities[(seq - 1) % priorities.length] : 0,
    replyTo: deliveries?.replyTo,
  });
  const sent = await produce(sender, {
    ...options,
    source,
    total,
    headerOf: headed ? headerOf : undefined,
    // A rendezvous is a wait until it is over: there is nothing to retry.
    delivered: deliveries &&
      ((seq) => deliveries.of(seq, { ...wait, way: "block" })),
    reopens: mechanism.properties.openedBy === "name",
    format: FORMATS[options.format],
    gather: !mechanism.properties.boundaries && options.quiet,
    log,
    progress,
    wait,
  });
  return sent ? 0 : 1;
}

/** Process 2. */
export async function runConsumer(
  options: Options,
  signal: AbortSignal,
  memory?: SharedArrayBuffer,
): Promise<ExitCode> {
  const { mechanism, output: path, untilEnd } = options;
  const { boundaries, openedBy } = mechanism.properties;
  const count = untilEnd ? undefined : options.count;
  using output = path === undefined
    ? undefined
    : await Output.open(path, signal);
  using progress = await openProgress("Reading", count, options);
  const name = options.as ?? "process2";
  const channel = address(options, options.as, memory);
  const { openReceiver } = await mechanism.load();
  await using receiver = await openReceiver(channel);
  const log = new ProcessLog(name);
  log.debug(opened(mechanism, channel));
  const wait = waiting(options, signal);
  await using receipts = new Receipts(mechanism, name, {
    ...wait,
    way: "block",
  });
  const good = await consume(receiver, {
    ...options,
    count,
    format: FORMATS[options.format],
    boundaries,
    reopens: openedBy === "name",
    log,
    progress,
    wait,
    output,
    taken: (header) => receipts.answer(header),
  });
  return good ? 0 : 1;
}

/** Which object it is. */
function opened(
  { name: via, summary }: Mechanism,
  { name }: Address,
): string {
  return `Opened ${via}: ${summary.replace("NAME", name)}`;
}

/** @param process Whose mailbox; none: the one that all share. */
function address(
  { name, capacity }: Options,
  process?: string,
  memory?: SharedArrayBuffer,
): Address {
  return {
    name: process === undefined ? name : `${name}.${process}`,
    capacity,
    memory,
  };
}

function waiting(options: Options, signal: AbortSignal): WaitOptions {
  return {
    way: options.wait,
    delay: options.retry,
    timeout: options.timeout,
    signal,
  };
}

async function openProgress(
  doing: string,
  total: number | undefined,
  { quiet, log }: Options,
): Promise<Progress> {
  return quiet && log === "lab"
    ? await Progress.onTerminal(doing, total ?? 0)
    : Progress.silent();
}
