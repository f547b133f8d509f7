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
import { type Message, quote } from "../message/message.ts";
import { seconds } from "../wait/duration.ts";
import { waitFor } from "../wait/wait_for.ts";
import { Asking } from "./asking.ts";
import type { ClientOptions } from "./flags.ts";
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
  const { name, count, requests } = options;
  const log = new ProcessLog("client");
  log.start();
  const operations = await options.mechanism.load();
  await inTime(
    options,
    `No server reads '${name}'`,
    serverComes(operations, options, signal),
  );
  await using asking = await Asking.open(operations, options, log, signal);
  for (let seq = 1; seq <= requests; seq++) {
    log.info(`Asking for ${count}`, { seq, count });
    await inTime(
      options,
      `Request ${seq} could not be sent to '${name}'`,
      asking.ask(seq),
    );
    log.debug(`Asked ${seq}`);
    const answer = await inTime(
      options,
      `No answer to request ${seq} from '${name}'`,
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

/** Waits, and says what did not happen in time. */
async function inTime<T>(
  { mechanism, name, timeout }: ClientOptions,
  what: string,
  waiting: Promise<T>,
): Promise<T> {
  try {
    return await waiting;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new TimeoutError(
      `${what} within ${
        seconds(timeout)
      }: is its server running? deno task server --via=${mechanism.name} --name=${name}`,
    );
  }
}

/** The first number that an answer gives. @throws {LabError} If it gives none. */
function firstNumber(answer: Message, seq: number): number {
  if (answer.header?.type === "error") {
    throw new LabError(`The server refused request ${seq}: ${answer.text}`);
  }
  const { text } = answer;
  const first = /^\d{1,16}\n?$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(first)) return first;
  throw new LabError(
    `Cannot use the answer to request ${seq}: it must be a number: current value is ${
      quote(answer.body)
    }`,
  );
}
