/**
 * Taking a request back. A queue or a segment outlives its server, and would
 * keep a request that nobody answers any more.
 *
 * @module
 */
import type { Operations, Sender } from "../channel/mod.ts";
import type { ProcessLog } from "../cli/log.ts";
import { LabError } from "../error.ts";
import { headerDecoder } from "../message/header.ts";
import { Message } from "../message/message.ts";

/** A request that was sent and not answered. */
export interface Unanswered {
  /** The channel that it was sent to. */
  name: string;
  /** By this name it is known again. */
  replyTo: string;
  /** The end that it was sent with, still open. */
  sender: Sender;
}

/**
 * Takes a request back if no server is there and nothing lies beside it. What
 * others have put there stays, in its order, and the log says so.
 */
export async function withdraw(
  { inspect, openReceiver }: Operations,
  { name, replyTo, sender }: Unanswered,
  log: ProcessLog,
): Promise<void> {
  const found = await inspect?.({ name });
  if (!found || found.receiver || found.messages === 0) return;
  if (found.messages > 1) {
    log.warn(
      `${found.object} has no server and holds ${found.messages} messages, perhaps our request too: they stay there`,
    );
    return;
  }
  try {
    await using receiver = await openReceiver({ name, exclusive: true });
    const record = receiver.poll();
    if (!(record instanceof Uint8Array)) return;
    // It may be somebody else's, if the server has taken ours and was killed.
    if (replyToOf(record) !== replyTo) sender.offer(record);
  } catch (error) {
    // A new server has come: it reads the request.
    if (!(error instanceof LabError)) throw error;
  }
}

/** The Reply-To of a record, if it is a request. */
function replyToOf(record: Uint8Array): string | undefined {
  const decoder = headerDecoder();
  decoder.push(record);
  const message = decoder.next();
  return message instanceof Message ? message.header?.replyTo : undefined;
}
