/**
 * The pipe that a shell or a parent makes, pipe(7): the producer's standard
 * output is the consumer's standard input. It has no name, and is gone with the
 * processes.
 *
 * @module
 */
import { Socket } from "node:net";
import type { Mechanism } from "../channel.ts";
import { LabError } from "../error.ts";
import { SocketReceiver, SocketSender } from "../socket_ends.ts";

const INPUT = 0;
const OUTPUT = 1;
const USAGE = "deno task producer --via=pipe | deno task consumer --via=pipe";

/** The mechanism `--via=pipe`. */
export const pipe: Mechanism = {
  name: "pipe",
  summary: "the shell's: producer's standard output to consumer's input",
  properties: {
    object: "pipe(2), made by the shell or the parent",
    direction: "one-way",
    openedBy: "parent",
    outlives: false,
    boundaries: false,
    capacity: { bytes: 65_536 },
    processes: "many",
    ffi: false,
  },
  permissions: () => ["--allow-read=."],
  available: () => true,
  first: "consumer", // whose standard input it is
  openSender() {
    refuseTerminal("write to", Deno.stdout);
    const sender = new SocketSender();
    sender.attach(open(OUTPUT), { hears: false });
    return Promise.resolve(sender);
  },
  openReceiver() {
    refuseTerminal("read from", Deno.stdin);
    const receiver = new SocketReceiver();
    receiver.attach(open(INPUT));
    return Promise.resolve(receiver);
  },
  remove: () => Promise.resolve(undefined), // gone with its processes
};

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
