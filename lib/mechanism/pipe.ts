/**
 * The pipe that a shell or a parent makes, pipe(7): the producer's standard
 * output is the consumer's standard input. It has no name, and is gone with the
 * processes.
 *
 * @module
 */
import type { Receiver, Sender } from "../channel/channel.ts";
import { LabError } from "../error.ts";
import { setNonBlocking } from "../posix/file.ts";
import { StreamReceiver, StreamSender } from "./stream_ends.ts";

const INPUT = 0;
const OUTPUT = 1;

export function openSender(): Promise<Sender> {
  refuseTerminal("write to", Deno.stdout);
  return Promise.resolve(new PipeSender());
}

export function openReceiver(): Promise<Receiver> {
  refuseTerminal("read from", Deno.stdin);
  return Promise.resolve(new PipeReceiver());
}

/** Nothing to do: a pipe is gone with its processes. */
export function remove(): Promise<undefined> {
  return Promise.resolve(undefined);
}

// O_NONBLOCK belongs to the pipe's end, which others of the shell's line may
// share: whoever has it after us must find it as it was.

class PipeSender extends StreamSender {
  readonly #before = setNonBlocking(OUTPUT, true);

  constructor() {
    super(OUTPUT);
  }

  override [Symbol.asyncDispose]() {
    if (this.fd !== undefined) setNonBlocking(OUTPUT, this.#before);
    return super[Symbol.asyncDispose]();
  }
}

class PipeReceiver extends StreamReceiver {
  readonly #before = setNonBlocking(INPUT, true);

  constructor() {
    super(INPUT);
  }

  override [Symbol.asyncDispose]() {
    setNonBlocking(INPUT, this.#before);
    return super[Symbol.asyncDispose]();
  }
}

function refuseTerminal(action: string, end: { isTerminal(): boolean }) {
  if (!end.isTerminal()) return;
  throw new LabError(
    `Cannot ${action} a pipe as it is a terminal: ` +
      "deno task producer --via=pipe | deno task consumer --via=pipe",
  );
}
