/**
 * The client's story: ask the server for numbers, and wait for the answer on a
 * channel of one's own.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { ABSENT, type Operations } from "../channel/mod.ts";
import { ProcessLog } from "../cli/log.ts";
import { LabError, TimeoutError } from "../error.ts";
import type { Message } from "../message/mod.ts";
import { seconds } from "../wait/duration.ts";
import { waitFor } from "../wait/wait_for.ts";
import { Asking } from "./asking.ts";
import type { ClientOptions } from "./flags.ts";
import { newReplyName, replyAddress } from "./reply_channel.ts";
import { rangeText } from "./numbers.ts";

/** How often (ms) a client looks whether a server has come. */
const SERVER_MS = 100;

/**
 * Makes its requests, one after the other.
 *
 * @throws {LabError} If there is no server, no answer in time, or a refusal.
 */
export async function runClient(
  options: ClientOptions,
  signal: AbortSignal,
): Promise<0> {
  const { mechanism, name, count, requests } = options;
  const log = new ProcessLog("client");
  log.start();
  const operations = await mechanism.load();
  const patience = new Patience(options, operations);
  await patience.with(
    `No server reads ${name}`,
    serverComes(operations, options, signal),
  );
  const replyTo = newReplyName(name);
  log.debug(`Answers come on ${replyTo}`);
  await using receiver = await operations.openReceiver(
    replyAddress(mechanism, replyTo),
  );
  await using sender = await operations.openSender({ name });
  const asking = new Asking(options, replyTo, {
    sender,
    receiver,
    log,
    signal,
  });
  for (let seq = 1; seq <= requests; seq++) {
    log.info(`Asking for ${count}`, { seq, count });
    await patience.with(
      `Request ${seq} could not be sent to ${name}`,
      asking.ask(seq),
    );
    log.debug(`Asked ${seq}`);
    const answer = await patience.with(
      `No answer to request ${seq} from ${name}`,
      asking.answer(seq),
    );
    const first = firstNumber(answer, seq);
    log.info(`Got ${rangeText({ first, count })}`, { seq, value: first });
  }
  log.finish();
  return 0;
}

/** Waits until a server reads: a queue would take a request even if none does. */
async function serverComes(
  { inspect }: Operations,
  { name, timeout }: ClientOptions,
  signal: AbortSignal,
): Promise<void> {
  let found = await inspect?.({ name });
  await waitFor(
    () => found?.receiver ? true : ABSENT,
    async (signal) => {
      await delay(SERVER_MS, { signal });
      found = await inspect?.({ name });
    },
    { way: "block", timeout, signal },
  );
}

/** Says what did not happen in time. */
class Patience {
  readonly #options: ClientOptions;
  readonly #operations: Operations;

  constructor(options: ClientOptions, operations: Operations) {
    this.#options = options;
    this.#operations = operations;
  }

  async with<T>(what: string, waiting: Promise<T>): Promise<T> {
    const { mechanism, name, timeout } = this.#options;
    const { inspect, remove } = this.#operations;
    try {
      return await waiting;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      // Its server was killed: our request would stay in it.
      const { outlives } = mechanism.properties;
      if (outlives && !(await inspect?.({ name }))?.receiver) {
        await remove({ name });
      }
      throw new TimeoutError(
        `${what} within ${
          seconds(timeout)
        }: is deno task server running there, --via=${mechanism.name}?`,
      );
    }
  }
}

/** The first number that an answer gives. @throws {LabError} If it gives none. */
function firstNumber(answer: Message, seq: number): number {
  if (answer.header?.type === "error") {
    throw new LabError(`The server refused request ${seq}: ${answer.text}`);
  }
  const first = Number(answer.text);
  if (Number.isSafeInteger(first)) return first;
  throw new LabError(
    `Cannot use the answer to request ${seq}: it must be a number: current value is "${answer.text}"`,
  );
}
