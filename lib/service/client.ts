/**
 * The client's story: ask the server for numbers, and wait for the answer on a
 * channel of one's own.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { ABSENT, END, PENDING } from "../channel/mod.ts";
import { seconds } from "../wait/duration.ts";
import { LabError, TimeoutError } from "../error.ts";
import { header } from "../message/header.ts";
import { ProcessLog } from "../cli/log.ts";
import { Inbox } from "../message/inbox.ts";
import { Message, MessageError, recordOf } from "../message/message.ts";
import type { ClientOptions } from "./flags.ts";
import { rangeText, replyAddress } from "./server.ts";
import { waitFor, type WaitOptions } from "../wait/mod.ts";

/** How often (ms) a client looks for a server. */
const LOOK_MS = 100;

/**
 * Makes its requests, one after the other.
 *
 * @throws {LabError} If there is no server, no answer in time, or a refusal.
 */
export async function runClient(
  options: ClientOptions,
  signal: AbortSignal,
): Promise<0> {
  const { mechanism, name, count, requests, timeout } = options;
  const { boundaries, outlives } = mechanism.properties;
  const log = new ProcessLog("client");
  const wait: WaitOptions = {
    way: options.wait,
    delay: options.retry,
    timeout,
    signal,
    onRetry: log.retry.bind(log),
  };
  log.start();
  // A queue would take our request even if nobody ever reads it.
  const { inspect, openReceiver, openSender, remove } = await mechanism.load();
  const hasServer = async () => (await inspect?.({ name }))?.receiver === true;
  let server = await hasServer();
  await inTime(
    `No server reads ${name}`,
    waitFor(
      () => server ? true : ABSENT,
      async (signal) => {
        await delay(LOOK_MS, { signal });
        server = await hasServer();
      },
      { way: "block", timeout, signal },
    ),
  );

  const replyTo = `${name}.${Deno.pid}`;
  const address = replyAddress(mechanism, replyTo);
  await remove(address); // of a client that was killed and had our Pid
  await using receiver = await openReceiver(address);
  await using sender = await openSender({ name });
  const inbox = new Inbox(receiver, () => header.decoder(), boundaries);

  for (let seq = 1; seq <= requests; seq++) {
    const fields = {
      type: "request",
      from: `client.${Deno.pid}`,
      to: name,
      seq,
      priority: 0,
      replyTo,
    };
    log.info(`Asking for ${count}`, { seq, count });
    const request = Message.of(String(count), fields);
    const record = recordOf(request, header, sender.limit);
    await inTime(
      `Request ${seq} could not be sent to ${name}`,
      waitFor(
        () => sender.offer(record),
        (signal) => sender.writable(signal),
        wait,
      ),
    );
    log.debug(`Asked ${seq}`);
    const answer = await inTime(
      `No answer to request ${seq} from ${name}`,
      waitFor(
        () => answerTo(seq, inbox, log),
        (signal) => receiver.readable(signal),
        wait,
      ),
    );
    const first = Number(answer.text);
    if (answer.header?.type === "error") {
      throw new LabError(`The server refused request ${seq}: ${answer.text}`);
    }
    if (!Number.isSafeInteger(first)) {
      throw new LabError(
        `Cannot use the answer to request ${seq}: it must be a number: current value is "${answer.text}"`,
      );
    }
    log.info(`Got ${rangeText(first, count)}`, { seq, value: first });
  }
  log.finish();
  return 0;

  /** Says what did not happen in time. */
  async function inTime<T>(what: string, waiting: Promise<T>): Promise<T> {
    try {
      return await waiting;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      // Its server was killed: our request would stay in it.
      if (outlives && !await hasServer()) {
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

/** The answer to that request; what answers another question is ignored. */
function answerTo(
  seq: number,
  inbox: Inbox,
  log: ProcessLog,
): Message | typeof PENDING {
  for (;;) {
    const found = inbox.poll();
    // END: the server closes after each answer.
    if (found === PENDING || found === END) return PENDING;
    if (found instanceof MessageError) {
      log.warn(found.message);
      continue;
    }
    const { type, from, seq: theirs } = found.header ?? {};
    const answers = type === "response" || type === "error";
    if (answers && theirs === seq) return found;
    log.warn(
      `Ignored a ${type} with Seq ${theirs} from ${from}: we wait for the answer to request ${seq}`,
    );
  }
}
