/**
 * A POSIX message queue, mq_overview(7): the kernel keeps each message whole,
 * puts higher priorities first, and keeps all of them when every process has
 * exited.
 *
 * The queue goes when the last of those who have it open leaves it empty.
 *
 * @module
 */
import {
  type Address,
  END,
  FULL,
  type Hold,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/channel.ts";
import { LabError } from "../error.ts";
import { Seldom } from "../wait/rate_limit.ts";
import { SystemError } from "../posix/libc.ts";
import { MessageQueue } from "../posix/mqueue.ts";
import { waitFd } from "../posix/poll.ts";
import { enter, leave, present, type Role } from "../posix/presence.ts";

const CAPACITY = 10; // messages: what every user may have, msg_max
const SIZE = 8192; // bytes: msgsize_max
const LOOK = 500; // ms
const SOON = 10; // ms
const NOTHING = new Uint8Array(0);

export function openSender(address: Address): Promise<Sender> {
  return Promise.resolve(new QueueSender(address));
}

export function openReceiver(address: Address): Promise<Receiver> {
  return Promise.resolve(new QueueReceiver(address));
}

export function hold(address: Address): Hold {
  const open = join(address, "parent");
  return {
    ready: () => open.attributes().messages > 0,
    [Symbol.dispose]: () => part(open, address, "parent"),
  };
}

export function heard(address: Address): Promise<boolean> {
  using open = openExisting(path(address));
  return Promise.resolve(open !== undefined && present(open.fd, "receiver"));
}

export function remove(address: Address): Promise<string | undefined> {
  const name = path(address);
  using open = openExisting(name);
  if (!open) return Promise.resolve(undefined);
  const { messages } = open.attributes();
  MessageQueue.unlink(name);
  return Promise.resolve(`${name} (${messages} messages were in it)`);
}

function openExisting(name: string): MessageQueue | undefined {
  try {
    return MessageQueue.open(name);
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return;
    throw error;
  }
}

function path({ name }: Address): string {
  return `/ipc-lab.${name}`;
}

function openQueue(address: Address): MessageQueue {
  const name = path(address);
  const create = { capacity: address.capacity ?? CAPACITY, size: SIZE };
  const open = MessageQueue.open(name, { create });
  const { uid, ours } = open.owner();
  const { capacity } = open.attributes();
  try {
    if (!ours) {
      throw new LabError(
        `Cannot use ${name} as it belongs to user ${uid}, or is open to others: choose another --name`,
      );
    }
    if (address.capacity !== undefined && capacity !== address.capacity) {
      throw new LabError(
        `Cannot open ${name} with --capacity=${address.capacity} as it is there with ${capacity}: ` +
          `leave the flag out, or remove it first: deno task remove --via=queue`,
      );
    }
    return open;
  } catch (error) {
    open.close();
    throw error;
  }
}

function join(address: Address, role: Role): MessageQueue {
  for (;;) {
    const queue = openQueue(address);
    if (enter(queue.fd, role)) return queue;
    queue.close();
  }
}

function part(queue: MessageQueue, address: Address, role: Role) {
  leave(queue.fd, role, () => {
    if (queue.attributes().messages === 0) MessageQueue.unlink(path(address));
  });
  queue.close();
}

class QueueSender implements Sender {
  readonly limit: number;
  #address: Address;
  #queue: MessageQueue;
  #silent = true;

  constructor(address: Address) {
    this.#address = address;
    this.#queue = join(address, "sender");
    this.limit = this.#queue.size;
  }

  offer(record: Uint8Array, priority = 0) {
    if (!this.#queue.send(record, priority)) return FULL;
    this.#silent = false;
    return true;
  }

  writable(signal: AbortSignal) {
    return waitFd(this.#queue.fd, "writable", signal);
  }

  [Symbol.asyncDispose]() {
    // A queue does not know its senders: one that had nothing to say leaves a
    // message without a byte, so that whoever waits for the end sees it.
    const heard = present(this.#queue.fd, "receiver");
    if (this.#silent && heard) this.#queue.send(NOTHING);
    part(this.#queue, this.#address, "sender");
    return Promise.resolve();
  }
}

class QueueReceiver implements Receiver {
  #address: Address;
  #queue: MessageQueue;
  #sender = false; // has one come?
  #senders = new Seldom(); // when to look after them: it takes a system call
  #looked = false; // have we, the last time that nothing was there?
  #found: typeof PENDING | typeof END = PENDING; // when we last looked after them

  constructor(address: Address) {
    this.#address = address;
    this.#queue = join(address, "receiver");
  }

  poll() {
    const record = this.#take();
    if (record) return record;
    this.#looked = this.#senders.due();
    if (!this.#looked) return this.#found;
    if (present(this.#queue.fd, "sender")) {
      this.#sender = true;
      return this.#found = PENDING;
    }
    // What the last sender put in just before it left.
    return this.#take() ?? (this.#found = this.#sender ? END : PENDING);
  }

  #take(): Uint8Array | undefined {
    for (;;) {
      const record = this.#queue.receive();
      this.#sender ||= record !== undefined;
      if (record?.length !== 0) return record; // NOTHING is no message
    }
  }

  readable(signal: AbortSignal) {
    // A sender that leaves, or is killed, wakes nobody: look after them then.
    const atMost = this.#looked ? LOOK : SOON;
    const wait = waitFd(this.#queue.fd, "readable", signal, atMost);
    return wait?.then(() => this.#senders.reset());
  }

  [Symbol.asyncDispose]() {
    part(this.#queue, this.#address, "receiver");
    return Promise.resolve();
  }
}
