/**
 * The pipe that a shell or a parent makes, pipe(7): the producer's standard
 * output is the consumer's standard input. It has no name, and ends with its
 * processes.
 *
 * @module
 */
import type { Receiver, Sender } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import {
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  openAgain,
  setNonBlocking,
} from "../posix/file.ts";
import { stat } from "../posix/stat.ts";
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

// O_NONBLOCK belongs to the open file, which other programs of the command line
// may share. So we open the pipe a second time, for us alone. What is no pipe,
// as a socket, cannot be opened twice: there the flag is set, and set back.

/**
 * Makes an end that we were given non-blocking.
 *
 * @returns Is it to be set back? What it was before.
 */
function takeOver(fd: number, flags: number): boolean | undefined {
  const isOurs = stat(fd).kind === "FIFO" &&
    openAgain(fd, `/proc/self/fd/${fd}`, flags | O_NONBLOCK);
  return isOurs ? undefined : setNonBlocking(fd, true);
}

function giveBack(fd: number, before: boolean | undefined) {
  if (before !== undefined) setNonBlocking(fd, before);
}

class PipeSender extends StreamSender {
  readonly #before = takeOver(OUTPUT, O_WRONLY);

  constructor() {
    super(OUTPUT);
  }

  protected override detach() {
    if (this.fd !== undefined) giveBack(OUTPUT, this.#before);
    super.detach();
  }
}

class PipeReceiver extends StreamReceiver {
  readonly #before = takeOver(INPUT, O_RDONLY);

  constructor() {
    super(INPUT);
  }

  override [Symbol.dispose]() {
    giveBack(INPUT, this.#before);
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
