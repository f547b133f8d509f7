/**
 * The server's story: hand out sequence numbers, a range to each request, and
 * answer each client on the channel that it asked for in Reply-To. (Kerrisk,
 * The Linux Programming Interface, 44.8, has it over FIFOs.)
 *
 * @module
 */
import {
  ABSENT,
  END,
  type Mechanism,
  NAME,
  type Operations,
  PENDING,
} from "../channel/mod.ts";
import { isExpected, LabError, TimeoutError } from "../error.ts";
import { header } from "../message/header.ts";
import { ProcessLog } from "../cli/log.ts";
import { Inbox } from "../message/inbox.ts";
import {
  type Header,
  Message,
  MessageError,
  quote,
  recordOf,
} from "../message/message.ts";
import { MAX_RANGE, type ServerOptions } from "./flags.ts";
import { waitFor } from "../wait/mod.ts";
import { Turn } from "../wait/turn.ts";

/** Milliseconds that the server waits for a client to make room for its answer. */
const PATIENCE = 500;
/** Milliseconds between two looks meanwhile. */
const LOOK = 20;
/** A reply channel need hold no more: a client asks, reads, and asks again. */
const REPLIES = 1; // messages

/** Answers requests until so many are answered, or for ever. */
export async function runServer(
  { mechanism, name, requests = Infinity, wait, retry }: ServerOptions,
  signal: AbortSignal,
): Promise<0> {
  const log = new ProcessLog("server");
  const operations = await mechanism.load();
  if ((await operations.inspect?.({ name }))?.receiver) {
    throw new LabError(
      `Cannot serve ${name} as somebody reads it already: choose another --name`,
    );
  }
  await using replies = new Replies(mechanism, operations, log, signal);
  await using receiver = await operations.openReceiver({ name });
  const inbox = new Inbox(
    receiver,
    () => header.decoder(),
    mechanism.properties.boundaries,
  );
  const look = () => {
    const found = inbox.poll();
    return found === END ? PENDING : found; // the next client may come
  };
  const ready = (signal: AbortSignal) => receiver.readable(signal);
  const waiting = {
    way: wait,
    delay: retry,
    timeout: 0,
    signal,
    onRetry: log.retry.bind(log),
  };
  const turn = new Turn(10);
  let next = 1; // the first number of the next range
  log.start();
  for (let answered = 0; answered < requests;) {
    const found = await waitFor(look, ready, waiting);
    if (turn.due()) await turn.pass();
    signal.throwIfAborted();
    const request = understand(found, name);
    if (typeof request === "string") {
      log.warn(request);
      continue;
    }
    const { seq, from, replyTo, count } = request;
    const fields = { from: log.name, to: from, seq, priority: 0 };
    if (count === undefined) {
      const why =
        `Cannot answer request ${seq} from ${from}: it must ask for 1 to ${MAX_RANGE} numbers: current value is ${request.quoted}`;
      log.warn(why);
      await replies.send(
        replyTo,
        Message.of(why, { type: "error", ...fields }),
      );
      continue;
    }
    log.info(`Request ${seq} from ${from}: ${count}`, { seq, from, count });
    const answer = { type: "response", ...fields };
    // A range that nobody took is for the next one: no number is skipped.
    if (!await replies.send(replyTo, Message.of(String(next), answer))) {
      continue;
    }
    log.info(`Answered ${rangeText(next, count)}`, { seq, from, value: next });
    next += count;
    answered++;
  }
  const unread = [...inbox.drain()].length;
  if (unread > 0) log.warn(`${unread} more requests had come: they are lost`);
  log.finish();
  return 0;
}

/** `4 to 6`, or `4` alone. */
export function rangeText(first: number, count: number): string {
  return count === 1 ? `${first}` : `${first} to ${first + count - 1}`;
}

/** The channel on which a client reads its answers. */
export function replyAddress(mechanism: Mechanism, name: string) {
  const { capacity } = mechanism.properties;
  return { name, capacity: "messages" in capacity ? REPLIES : undefined };
}

/** A request that can be answered. */
interface Request extends Header {
  replyTo: string;
  /** How many numbers it asks for; none: its body says something else. */
  count?: number;
  /** The beginning of its body, fit for a line of log. */
  quoted: string;
}

/** What a message asks for, or why it cannot be answered, in words. */
function understand(
  found: Message | MessageError,
  name: string,
): Request | string {
  if (found instanceof MessageError) return found.message;
  const { header, text, body } = found;
  if (!header) return "Cannot answer a message without a header";
  const { type, seq, from, replyTo } = header;
  const cannot = `Cannot answer request ${seq} from ${from}`;
  if (type !== "request") {
    return `${cannot}: its Type must be request: current value is "${type}"`;
  }
  if (replyTo === undefined) return `${cannot}: it has no Reply-To`;
  // No way out of run/, and none into the channels of others.
  if (!NAME.test(replyTo) || !replyTo.startsWith(`${name}.`)) {
    return `${cannot}: its Reply-To must be ${name}.PID, at most 64 characters: current value is "${replyTo}"`;
  }
  const count = /^\d{1,7}\n?$/.test(text) ? Number(text) : 0;
  const good = count >= 1 && count <= MAX_RANGE;
  return {
    ...header,
    replyTo,
    count: good ? count : undefined,
    quoted: quote(body),
  };
}

/** Sends answers, and clears up after clients that have gone. */
class Replies implements AsyncDisposable {
  #mechanism: Mechanism;
  #operations: Operations;
  #log: ProcessLog;
  #signal: AbortSignal;
  /** Reply channels that were used and may be there still. */
  #names = new Set<string>();
  /** Senders that are closing: a FIFO's takes its time to see its reader off. */
  #closing = new Set<Promise<void>>();

  constructor(
    mechanism: Mechanism,
    operations: Operations,
    log: ProcessLog,
    signal: AbortSignal,
  ) {
    this.#mechanism = mechanism;
    this.#operations = operations;
    this.#log = log;
    this.#signal = signal;
  }

  /** Sends one answer. @returns Was it taken? If not, the log says why. */
  async send(name: string, answer: Message): Promise<boolean> {
    if (!this.#names.has(name)) await this.#removeUnread();
    this.#names.add(name);
    try {
      const address = replyAddress(this.#mechanism, name);
      // What outlives its readers takes an answer even if nobody reads.
      const here = !this.#mechanism.properties.outlives ||
        (await this.#operations.inspect?.(address))?.receiver;
      if (here && await this.#offer(name, answer)) return true;
      this.#log.warn(`Nobody reads ${name}: its client has gone`);
      await this.#removeUnread();
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof TimeoutError) {
        this.#log.warn(`Nothing more fits into ${name}: its client reads none`);
      } else if (isExpected(error)) {
        this.#log.warn(`Cannot answer on ${name}: ${error.message}`);
      } else throw error;
    }
    return false;
  }

  /** @returns `false`: nobody reads. @throws {TimeoutError} If there is no room. */
  async #offer(name: string, answer: Message): Promise<boolean> {
    const address = replyAddress(this.#mechanism, name);
    const sender = await this.#operations.openSender(address);
    try {
      const record = recordOf(answer, header, sender.limit);
      // Not as --wait says: in a blocking write(2) one client could hold us.
      return await waitFor(
        () => {
          const offered = sender.offer(record);
          return offered === ABSENT ? false : offered;
        },
        (signal) => sender.writable(signal),
        {
          way: "retry",
          delay: LOOK,
          timeout: PATIENCE,
          signal: this.#signal,
        },
      );
    } finally {
      const closing = this.#close(name, sender).finally(() =>
        this.#closing.delete(closing)
      );
      this.#closing.add(closing);
    }
  }

  async #close(name: string, open: Disposable | AsyncDisposable) {
    try {
      await using _sender = open;
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#log.warn(`Cannot close ${name}: ${error.message}`);
    }
  }

  /** Removes the reply channels that nobody reads any more. */
  async #removeUnread() {
    const { inspect, remove } = this.#operations;
    for (const name of this.#names) {
      const address = replyAddress(this.#mechanism, name);
      try {
        if ((await inspect?.(address))?.receiver) continue;
        await remove(address);
      } catch (error) {
        if (!isExpected(error)) throw error;
        this.#log.warn(`Cannot remove ${name}: ${error.message}`);
      }
      this.#names.delete(name);
    }
  }

  async [Symbol.asyncDispose]() {
    await Promise.all(this.#closing);
    await this.#removeUnread();
  }
}
