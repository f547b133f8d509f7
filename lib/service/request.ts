/**
 * What a client asks for, and how a request and its answer read on the wire.
 *
 * @module
 */
import {
  type Header,
  Message,
  MessageError,
  quote,
} from "../message/message.ts";
import { MAX_RANGE } from "./flags.ts";
import { isReplyName, replyPrefix } from "./reply_channel.ts";

/** The longest body of a request, in bytes: a number and a newline. */
export const REQUEST_BYTES = String(MAX_RANGE).length + 1;
/** The longest body of an answer, in bytes: a number, or what is wrong. */
export const ANSWER_BYTES = 4096;

/** A request whose client can be answered. */
export interface Request {
  /** Which of its client's requests it is. */
  seq: number;
  /** Its client, as it calls itself. */
  from: string;
  /** The channel on which its client reads. */
  replyTo: string;
  /** How many numbers it asks for; `undefined`: its body is not a good number. */
  count?: number;
  /** The beginning of its body, fit for a line of log. */
  quoted: string;
}

/**
 * Reads a request.
 *
 * @param server The name at which it came.
 * @returns What it asks for, or why it cannot be answered, in words.
 */
export function readRequest(
  found: Message | MessageError,
  server: string,
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
  if (!isReplyName(replyTo, server)) {
    return `${cannot}: its Reply-To must begin with "${
      replyPrefix(server)
    }" and have at most 64 characters: current value is "${replyTo}"`;
  }
  return { seq, from, replyTo, count: readCount(text), quoted: quote(body) };
}

function readCount(text: string): number | undefined {
  const count = /^\d{1,7}\n?$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_RANGE ? count : undefined;
}

/** Why a request is answered with an error, in words. */
export function refusalOf({ seq, from, quoted }: Request): string {
  return `Cannot answer request ${seq} from ${from}: it must ask for 1 to ${MAX_RANGE} numbers: current value is ${quoted}`;
}

/** The answer to a request. */
export function answerTo(
  { seq, from }: Request,
  type: "response" | "error",
  text: string,
): Message {
  const header: Header = { type, from: "server", to: from, seq, priority: 0 };
  return Message.of(text, header);
}
