/**
 * A Unix-domain stream socket, unix(7): the consumer listens at a name in run/,
 * producers connect, each over a stream of its own.
 *
 * @module
 */
import {
  ABSENT,
  type Address,
  type Hold,
  type Receiver,
  type Sender,
} from "../channel.ts";
import { Bell } from "../bell.ts";
import { LabError } from "../error.ts";
import { granted } from "../posix/available.ts";
import { ours, runPath } from "../run_folder.ts";

/** Should a change go unnoticed, look for one who listens that often, in ms. */
const LOOK = 1000;

const { THROUGH, dial, listen } =
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
  ours(there, "socket");
  let receiver = await listen(there);
  if (!receiver && await heard(address)) {
    throw new LabError(
      `Cannot listen at ${there} as another consumer does: choose another --name`,
    );
  }
  if (!receiver) {
    unlink(there); // stale: the consumer that made it was killed
    receiver = await listen(there);
  }
  if (!receiver) {
    throw new LabError(`Cannot listen at ${there} as another consumer does`);
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
    ours(this.#path, "socket");
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
    const bell = new Bell();
    const ring = () => bell.ring();
    using _watcher = watch("run", ring); // before we look
    const timer = setInterval(ring, LOOK);
    try {
      for (;;) {
        const change = bell.wait(signal);
        change.catch(() => {}); // not waited for when we are connected first
        await this.#tryAgain();
        if (this.#sender) return;
        await change;
      }
    } finally {
      clearInterval(timer);
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

/** Calls back at each change in a folder, inotify(7), or never. */
function watch(folder: string, changed: () => void): Disposable {
  try {
    const watcher = Deno.watchFs(folder);
    const tell = async () => {
      for await (const _change of watcher) changed();
    };
    tell().catch(() => {}); // it broke off: from now on, never
    return watcher;
  } catch {
    // EMFILE, ENOSPC: all of a user's processes may watch so much, and no more.
    return { [Symbol.dispose]() {} };
  }
}

/** Takes its name with it when it goes. */
class NamedReceiver implements Receiver {
  #path: string;
  #receiver: Receiver;

  constructor(path: string, receiver: Receiver) {
    this.#path = path;
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
    unlink(this.#path);
    await this.#receiver[Symbol.asyncDispose]();
  }
}
