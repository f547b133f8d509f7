/**
 * The pipe that a shell or a parent makes, pipe(7): the producer's standard
 * output is the consumer's standard input. It has no name, and is gone with the
 * processes.
 *
 * @module
 */
import type { Receiver, Sender } from "../channel.ts";
import { LabError } from "../error.ts";
import { granted } from "../posix/available.ts";

const INPUT = 0;
const OUTPUT = 1;
const USAGE = "deno task producer --via=pipe | deno task consumer --via=pipe";

const posix = granted();

export const through = () => posix ? "C library" : "node:net";

export async function openSender(): Promise<Sender> {
  refuseTerminal("write to", Deno.stdout);
  if (posix) {
    const { StreamSender } = await import("../posix/stream_ends.ts");
    return await nonBlocking(OUTPUT, new StreamSender(OUTPUT));
  }
  const { SocketSender } = await import("../socket/node_ends.ts");
  return new SocketSender(await open(OUTPUT), { hears: false });
}

export async function openReceiver(): Promise<Receiver> {
  refuseTerminal("read from", Deno.stdin);
  if (posix) {
    const { StreamReceiver } = await import("../posix/stream_ends.ts");
    return await nonBlocking(INPUT, new StreamReceiver(INPUT));
  }
  const { SocketReceiver } = await import("../socket/node_ends.ts");
  const receiver = new SocketReceiver();
  receiver.attach(await open(INPUT));
  return receiver;
}

/** Nothing to do: a pipe is gone with its processes. */
export function remove(): Promise<undefined> {
  return Promise.resolve(undefined);
}

function refuseTerminal(action: string, end: { isTerminal(): boolean }) {
  if (end.isTerminal()) {
    throw new LabError(`Cannot ${action} a pipe as it is a terminal: ${USAGE}`);
  }
}

/** For as long as we have it: what the shell runs next would not expect it. */
async function nonBlocking<End extends AsyncDisposable>(
  fd: number,
  end: End,
): Promise<End> {
  const { setNonBlocking } = await import("../posix/file.ts");
  if (setNonBlocking(fd, true)) return end;
  const close = end[Symbol.asyncDispose].bind(end);
  end[Symbol.asyncDispose] = () => {
    setNonBlocking(fd, false);
    return close();
  };
  return end;
}

async function open(fd: number) {
  const { Socket } = await import("node:net");
  try {
    return new Socket({ fd, readable: fd === INPUT, writable: fd === OUTPUT });
  } catch {
    throw new LabError(
      `Cannot use descriptor ${fd} as it is no pipe: ${USAGE}`,
    );
  }
}
