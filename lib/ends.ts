/**
 * One end of the channel, from its options to its exit code: what the scripts
 * and the workers run.
 *
 * @module
 */
import type { Address } from "./channel.ts";
import { consume } from "./consume.ts";
import { FORMATS } from "./format/mod.ts";
import { numbers, openLines } from "./input.ts";
import { ProcessLog } from "./log.ts";
import type { Options } from "./options.ts";
import { Output } from "./output.ts";
import { produce } from "./produce.ts";
import { Progress } from "./progress.ts";
import type { WaitOptions } from "./wait.ts";

/** Exit code 0 if all went through, 1 if not. */
type ExitCode = 0 | 1;

/** Process 1. */
export async function runProducer(
  options: Options,
  signal: AbortSignal,
  memory?: SharedArrayBuffer,
): Promise<ExitCode> {
  const { mechanism, input, count } = options;
  const total = input === undefined ? count : undefined;
  const source = input === undefined
    ? numbers(options.from, count)
    : await openLines(input, signal);
  using progress = await openProgress("Writing", total, options);
  await using sender = await mechanism.openSender(address(options, memory));
  const sent = await produce(sender, {
    ...options,
    source,
    total,
    reopens: mechanism.properties.openedBy === "name",
    format: FORMATS[options.format],
    gather: !mechanism.properties.boundaries && options.quiet,
    log: new ProcessLog("process1"),
    progress,
    wait: waiting(options, signal),
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
  await using receiver = await mechanism.openReceiver(address(options, memory));
  const good = await consume(receiver, {
    ...options,
    count,
    format: FORMATS[options.format],
    boundaries,
    reopens: openedBy === "name",
    log: new ProcessLog("process2"),
    progress,
    wait: waiting(options, signal),
    output,
  });
  return good ? 0 : 1;
}

function address(
  { name, capacity }: Options,
  memory?: SharedArrayBuffer,
): Address {
  return { name, capacity, memory };
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
