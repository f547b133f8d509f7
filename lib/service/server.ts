/**
 * The server's story: hand out sequence numbers, a range to each request, and
 * answer each client on the channel that it asked for in Reply-To. (Kerrisk,
 * The Linux Programming Interface, 44.8, has it over FIFOs.)
 *
 * @module
 */
import { ProcessLog } from "../cli/log.ts";
import { amount } from "../lab/tally.ts";
import { Answers } from "./answers.ts";
import type { ServerOptions } from "./flags.ts";
import { Incoming } from "./incoming.ts";
import { openInTime } from "../wait/open.ts";
import { readRequest, REQUEST_BYTES } from "./request.ts";

/** Answers requests until so many are answered, or for ever. */
export async function runServer(
  { mechanism, name, requests = Infinity, wait, retry }: ServerOptions,
  signal: AbortSignal,
): Promise<0> {
  const log = new ProcessLog("server");
  const operations = await mechanism.load();
  await using answers = new Answers(mechanism, operations, log, signal);
  // Two servers would hand out the same numbers.
  const address = { name, exclusive: true };
  await using receiver = await openInTime(
    () => operations.openReceiver(address),
    { timeout: 0, signal },
  );
  const incoming = new Incoming(mechanism, receiver, REQUEST_BYTES);
  const waiting = {
    way: wait,
    delay: retry,
    timeout: 0,
    signal,
    onRetry: log.retry.bind(log),
  };
  log.start();
  while (await answers.mayGoOn(requests)) {
    const request = await incoming.find((found) => {
      const request = readRequest(found, name);
      if (typeof request !== "string") return request;
      log.warn(request);
    }, waiting);
    await answers.answer(request);
  }
  const unread = incoming.drain();
  if (unread > 0) {
    const more = `${amount(unread, "more request")} had come`;
    log.warn(`${more}: ${unread === 1 ? "it is" : "they are"} lost`);
  }
  log.finish();
  return 0;
}
