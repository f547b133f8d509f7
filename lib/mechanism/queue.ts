/**
 * A POSIX message queue, mq_overview(7): the kernel keeps each message whole,
 * puts higher priorities first, and keeps all of them when every process has
 * exited. The last process that closes the queue removes it if it is empty.
 *
 * @module
 */
import {
  type Address,
  END,
  FULL,
  type KeptOpen,
  type Occupancy,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { FollowingReceiver, FollowingSender } from "./following.ts";
import { RateLimit } from "../wait/rate_limit.ts";
import { libc, SystemError } from "../posix/libc.ts";
import { MessageQueue } from "../posix/mqueue.ts";
import { waitFd } from "../posix/poll.ts";
import { exclusively, Presence, type Role } from "../posix/presence.ts";
import { stat } from "../posix/stat.ts";
import {
  channelName,
  checkOwner,
  checkUse,
  ownObject,
  removeHint,
} from "./address.ts";

const CAPACITY = 10; // messages: what every user may have, msg_max
const SIZE_BYTES = 8192; // msgsize_max
/** How often (ms) a sleeping end looks: who was killed, is the name still there? */
const CHECK_MS = 500;
/** How soon (ms) it checks if it went to sleep without a check. */
const SOON_MS = 10;
/**
 * A message of no bytes, from a sender that closes and has sent nothing. It
 * wakes a sleeping receiver, and is not a record.
 */
const FAREWELL = new Uint8Array(0);

export function openSender(address: Address): Sender & Disposable {
  return new FollowingSender(() => new QueueSender(address));
}

export function openReceiver(address: Address): Receiver & Disposable {
  return new FollowingReceiver(() => new QueueReceiver(address));
}

export function keepOpen(address: Address): KeptOpen & Disposable {
  const member = new Member(address, "parent");
  return {
    ready: () => member.queue.attributes().messages > 0,
    [Symbol.dispose]: () => member[Symbol.dispose](),
  };
}

export function inspect(address: Address): Occupancy | undefined {
  const object = nameOf(address);
  using open = openExisting(object);
  if (!open) return undefined;
  const { roles } = new Presence(open.fd);
  return { object, ...roles, messages: open.attributes().messages };
}

export function tryOut(): void {
  const name = `/ipc-lab-try.${crypto.randomUUID()}`;
  const create = { capacity: 1, size: 1, exclusive: true };
  using _queue = MessageQueue.open(name, { create });
  MessageQueue.unlink(name);
}

export function remove(address: Address): string | undefined {
  const name = nameOf(address);
  using open = openExisting(name);
  if (!open) return undefined;
  checkOwner(name, stat(open.fd), "remove");
  const { messages } = open.attributes();
  MessageQueue.unlink(name);
  return `${name} (${messages} message${
    messages === 1 ? " was" : "s were"
  } in it)`;
}

/** The name has the user's number in it, as all users share these names. */
function nameOf(address: Address): string {
  return ownObject(address) ??
    `/ipc-lab-${libc().geteuid()}.${channelName(address)}`;
}

function openExisting(name: string): MessageQueue | undefined {
  try {
    return MessageQueue.open(name);
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return;
    throw error;
  }
}

/** An open queue, with this process marked as one that has it open. */
class Member implements Disposable {
  readonly queue: MessageQueue;
  readonly presence: Presence;
  readonly #name: string;
  readonly #role: Role;

  constructor(address: Address, role: Role) {
    this.#name = nameOf(address);
    this.#role = role;
    for (;;) {
      const queue = openQueue(address);
      const presence = new Presence(queue.fd);
      const entered = exclusively(queue.fd, this.#name, () => {
        messagesIn(queue, presence); // so that no farewell is left from before
        presence.enter(role, this.#name, address.exclusive);
        return stat(queue.fd).links > 0;
      });
      if (entered) {
        this.queue = queue;
        this.presence = presence;
        return;
      }
      queue.close(); // another process has just removed its name: open it again
    }
  }

  /** How many messages lie in it. */
  get messages(): number {
    const { queue, presence } = this;
    return exclusively(
      queue.fd,
      this.#name,
      () => messagesIn(queue, presence),
    );
  }

  /** Does the queue still have a name? */
  get isThere(): boolean {
    return stat(this.queue.fd).links > 0;
  }

  /** Leaves; the last process removes the name if the queue is empty. */
  [Symbol.dispose]() {
    const { queue, presence } = this;
    exclusively(queue.fd, this.#name, () => {
      presence.leave(this.#role);
      if (!this.isThere) return; // another queue may have the name by now
      if (!presence.isAlone) return;
      if (messagesIn(queue, presence) > 0) return;
      MessageQueue.unlink(this.#name);
    });
    queue.close();
  }
}

/**
 * How many messages lie in a queue. Call it under the lock: if no other process
 * has the queue open, it takes out a farewell that no receiver has met. Behind
 * another message it stays, as what is put back loses its place.
 */
function messagesIn(queue: MessageQueue, presence: Presence): number {
  const { messages } = queue.attributes();
  if (messages !== 1 || !presence.isAlone) return messages;
  const message = queue.receive();
  if (message?.length === FAREWELL.length) return 0;
  if (message) queue.send(message, queue.priority);
  return 1;
}

function openQueue(address: Address): MessageQueue {
  const name = nameOf(address);
  const create = { capacity: address.capacity ?? CAPACITY, size: SIZE_BYTES };
  const open = MessageQueue.open(name, { create });
  const { capacity } = open.attributes();
  try {
    checkUse("queue", name, stat(open.fd), address);
    if (address.capacity !== undefined && capacity !== address.capacity) {
      throw new LabError(
        `Cannot open ${name} with --capacity=${address.capacity} as it is there with ${capacity}: ` +
          `leave the flag out, or ${removeHint("queue", address)}`,
      );
    }
    return open;
  } catch (error) {
    open.close();
    throw error;
  }
}

class QueueSender implements Sender, Disposable {
  readonly limit: number;
  readonly #member: Member;
  #silent = true;

  constructor(address: Address) {
    this.#member = new Member(address, "sender");
    this.limit = this.#member.queue.size;
  }

  get isThere(): boolean {
    return this.#member.isThere;
  }

  offer(record: Uint8Array, priority = 0): true | typeof FULL {
    if (!this.#member.queue.send(record, priority)) return FULL;
    this.#silent = false;
    return true;
  }

  writable(signal: AbortSignal) {
    // Not for ever: if the name was removed, this queue stays full.
    return waitFd(this.#member.queue.fd, "writable", signal, CHECK_MS);
  }

  [Symbol.dispose]() {
    const { queue, presence } = this.#member;
    if (this.#silent && presence.has("receiver")) queue.send(FAREWELL);
    this.#member[Symbol.dispose]();
  }
}

class QueueReceiver implements Receiver, Disposable {
  readonly #member: Member;
  readonly #checks = new RateLimit(); // of senders: each takes a system call
  #hadSender = false;
  #checked = false; // did the last poll() that found nothing check them?
  #found: typeof PENDING | typeof END = PENDING; // the answer of the last check

  constructor(address: Address) {
    this.#member = new Member(address, "receiver");
  }

  get isThere(): boolean {
    return this.#member.isThere;
  }

  poll() {
    const record = this.#take();
    if (record) return record;
    this.#checked = this.#checks.due();
    if (!this.#checked) return this.#found;
    if (this.#member.presence.has("sender")) {
      this.#hadSender = true;
      return this.#found = PENDING;
    }
    // Look once more: the last sender may have put a record in and left.
    return this.#take() ?? (this.#found = this.#hadSender ? END : PENDING);
  }

  #take(): Uint8Array | undefined {
    for (;;) {
      const record = this.#member.queue.receive();
      this.#hadSender ||= record !== undefined;
      if (record?.length !== FAREWELL.length) return record;
    }
  }

  unread() {
    const others = this.#member.presence.has("receiver");
    return { messages: others ? 0 : this.#member.messages };
  }

  readable(signal: AbortSignal) {
    const atMostMs = this.#checked ? CHECK_MS : SOON_MS;
    const { fd } = this.#member.queue;
    const wait = waitFd(fd, "readable", signal, atMostMs);
    return wait?.then(() => this.#checks.reset());
  }

  [Symbol.dispose]() {
    this.#member[Symbol.dispose]();
  }
}
