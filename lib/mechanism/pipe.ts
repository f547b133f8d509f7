/**
 * The pipe that a shell or a parent makes, pipe(7): the producer's standard
 * output is the consumer's standard input. It has no name, and ends with its
 * processes.
 *
 * @module
 */
import type { Receiver, Sender } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { setNonBlocking } from "../posix/file.ts";
import { StreamReceiver, StreamSender } from "./stream_ends.ts";

const INPUT = 0;
const OUTPUT = 1;

export function openSender(): Sender & Disposable {
  refuseTerminal("write to", Deno.stdout);
  return new PipeSender();
}

export function openReceiver(): Receiver & Disposable {
  refuseTerminal("read from", Deno.stdin);
  return new PipeReceiver();
}

/** Does nothing: a pipe ends with its processes. */
export function remove(): undefined {}

// O_NONBLOCK belongs to the pipe's end, which other programs of the command
// line may share. So each end is set back to what it was.

class PipeSender extends StreamSender {
  readonly #before = setNonBlocking(OUTPUT, true);

  constructor() {
    super(OUTPUT);
  }

  protected override detach() {
    if (this.fd !== undefined) setNonBlocking(OUTPUT, this.#before);
    super.detach();
  }
}

class PipeReceiver extends StreamReceiver {
  readonly #before = setNonBlocking(INPUT, true);

  constructor() {
    super(INPUT);
  }

  override [Symbol.dispose]() {
    setNonBlocking(INPUT, this.#before);
    super[Symbol.dispose]();
  }
}

function refuseTerminal(action: string, end: { isTerminal(): boolean }) {
  if (!end.isTerminal()) return;
  throw new LabError(
    `Cannot ${action} a pipe as it is a terminal: ` +
      "deno task producer --via=pipe | deno task consumer --via=pipe",
  );
}
