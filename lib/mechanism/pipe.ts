/**
 * The pipe that a shell or a parent makes, pipe(7): the producer's standard
 * output is the consumer's standard input. It has no name, and is gone with the
 * processes.
 *
 * @module
 */
import { Socket } from "node:net";
import type { Receiver, Sender } from "../channel.ts";
import { LabError } from "../error.ts";
import { SocketReceiver, SocketSender } from "../socket_ends.ts";

const INPUT = 0;
const OUTPUT = 1;
const USAGE = "deno task producer --via=pipe | deno task consumer --via=pipe";

export const through = () => "node:net";

export function openSender(): Promise<Sender> {
  refuseTerminal("write to", Deno.stdout);
  const sender = new SocketSender();
  sender.attach(open(OUTPUT), { hears: false });
  return Promise.resolve(sender);
}

export function openReceiver(): Promise<Receiver> {
  refuseTerminal("read from", Deno.stdin);
  const receiver = new SocketReceiver();
  receiver.attach(open(INPUT));
  return Promise.resolve(receiver);
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

function open(fd: number): Socket {
  try {
    return new Socket({ fd, readable: fd === INPUT, writable: fd === OUTPUT });
  } catch {
    throw new LabError(
      `Cannot use descriptor ${fd} as it is no pipe: ${USAGE}`,
    );
  }
}
