/**
 * A Unix-domain stream socket, unix(7): the consumer listens at a name in run/,
 * producers connect, each over a stream of its own.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import {
  ABSENT,
  type Address,
  type Hold,
  type Receiver,
  type Sender,
} from "../channel.ts";
import { LabError } from "../error.ts";
import { granted } from "../posix/available.ts";
import { ours, runPath } from "../run_folder.ts";

/** How often to look for one who listens where nothing tells of it, in ms. */
const LOOK = 100;

/** And where something does: listen(2) itself, ours aside, changes nothing to see. */
const UNNOTICED = 1000;

const { THROUGH, dial, listen, watch } =
  await (granted()
    ? import("../socket/posix.ts")
    : import("../socket/node.ts"));

export const through = () => THROUGH;

export async function openSender(address: Address): Promise<Sender> {
  const sender = new ReconnectingSender(path(address));
  await sender.connect();
  return sender;
}

export async function openReceiver(address: Address): Promise<Receiver> {
  const there = path(address);
  const stale = ours(there, "socket"); // if the consumer that made it was killed
  let receiver = await listen(there);
  if (!receiver && !await heard(address)) {
    await delay(LOOK); // one that has just come has a name before it listens
    if (!await heard(address)) {
      if (ours(there, "socket") === stale) unlink(there);
      receiver = await listen(there);
    }
  }
  if (!receiver) {
    throw new LabError(
      `Cannot listen at ${there} as another consumer does: choose another --name`,
    );
  }
  Deno.chmodSync(there, 0o600); // wakes up those who watch for us, too
  return new NamedReceiver(there, receiver);
}

export function hold(address: Address): Hold {
  const there = path(address);
  return {
    ready: () => ours(there, "socket") !== undefined,
    [Symbol.dispose]() {},
  };
}

export async function heard(address: Address): Promise<boolean> {
  const there = path(address);
  if (ours(there, "socket") === undefined) return false;
  const connection = await dial(there);
  await connection?.[Symbol.asyncDispose]();
  return connection !== undefined;
}

export function remove(address: Address): Promise<string | undefined> {
  const there = path(address);
  if (ours(there, "socket") === undefined) return Promise.resolve(undefined);
  unlink(there);
  return Promise.resolve(there);
}

function path({ name }: Address): string {
  return runPath(`${name}.sock`);
}

function unlink(path: string) {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Connects again when the consumer has gone and another one comes. */
class ReconnectingSender implements Sender {
  readonly limit = Infinity;
  #path: string;
  #sender?: Sender; // none: nobody listens
  #connecting?: Promise<void>;
  #failure?: Error; // what a connection that nobody waited for met

  constructor(path: string) {
    this.#path = path;
  }

  async connect(): Promise<void> {
    if (this.#sender) return;
    ours(this.#path, "socket"); // or nothing there
    this.#sender = await dial(this.#path);
  }

  #tryAgain(): Promise<void> {
    return this.#connecting ??= this.connect()
      .finally(() => this.#connecting = undefined);
  }

  offer(record: Uint8Array) {
    if (this.#failure) throw this.#failure;
    const offered = this.#sender?.offer(record) ?? ABSENT;
    if (offered === ABSENT) { // connect, for the next offer
      Promise.all([this.#leave(), this.#tryAgain()])
        .catch((error) => this.#failure = error);
    }
    return offered;
  }

  writable(signal: AbortSignal) {
    return this.#sender
      ? this.#sender.writable(signal)
      : this.#listenerComes(signal);
  }

  async #listenerComes(signal: AbortSignal) {
    using folder = watch("run"); // before we look
    for (;;) {
      await this.#tryAgain();
      if (this.#sender) return;
      if (folder) await folder.changed(signal, UNNOTICED);
      else await delay(LOOK, { signal });
    }
  }

  async #leave() {
    const sender = this.#sender;
    this.#sender = undefined;
    await sender?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose]() {
    return this.#leave();
  }
}

/** Takes its name with it when it goes. */
class NamedReceiver implements Receiver {
  #path: string;
  #inode: number | undefined;
  #receiver: Receiver;

  constructor(path: string, receiver: Receiver) {
    this.#path = path;
    this.#inode = ours(path, "socket");
    this.#receiver = receiver;
  }

  get stream() {
    return this.#receiver.stream;
  }

  poll() {
    return this.#receiver.poll();
  }

  readable(signal: AbortSignal) {
    return this.#receiver.readable(signal);
  }

  async [Symbol.asyncDispose]() {
    // Removed meanwhile, it may be another's by now.
    if (ours(this.#path, "socket") === this.#inode) unlink(this.#path);
    await this.#receiver[Symbol.asyncDispose]();
  }
}
