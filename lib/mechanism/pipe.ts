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
  close,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  open,
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

/** @returns A descriptor of ours; `undefined`: it is no pipe. */
function openAgain(fd: number, flags: number): number | undefined {
  if (stat(fd).kind !== "FIFO") return undefined;
  const again = open(`/proc/self/fd/${fd}`, flags | O_NONBLOCK);
  return again < 0 ? undefined : again; // /proc may be missing
}

class PipeSender extends StreamSender {
  readonly #before?: boolean;

  constructor() {
    const own = openAgain(OUTPUT, O_WRONLY);
    super(own ?? OUTPUT);
    if (own === undefined) this.#before = setNonBlocking(OUTPUT, true);
  }

  protected override detach() {
    if (this.fd === undefined) return;
    if (this.#before === undefined) close(OUTPUT);
    else setNonBlocking(OUTPUT, this.#before);
    super.detach();
  }
}

class PipeReceiver extends StreamReceiver {
  readonly #before?: boolean;

  constructor() {
    const own = openAgain(INPUT, O_RDONLY);
    super(own ?? INPUT);
    if (own === undefined) this.#before = setNonBlocking(INPUT, true);
  }

  override [Symbol.dispose]() {
    if (this.#before === undefined) close(INPUT);
    else setNonBlocking(INPUT, this.#before);
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
