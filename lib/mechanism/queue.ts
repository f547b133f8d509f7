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
import { RateLimit } from "../wait/rate_limit.ts";
import { SystemError } from "../posix/libc.ts";
import { MessageQueue } from "../posix/mqueue.ts";
import { waitFd } from "../posix/poll.ts";
import { Presence } from "../posix/presence.ts";
import { stat } from "../posix/stat.ts";
import { checkOwner, removedWith } from "./address.ts";
import { FollowingReceiver, FollowingSender } from "./following.ts";
import { FAREWELL, Member, messagesIn, nameOf } from "./queue_member.ts";

/** How often (ms) a sleeping end looks for killed processes, and its name. */
const CHECK_MS = 500;
/** How soon (ms) it checks if it went to sleep without a check. */
const SOON_MS = 10;

export function openSender(address: Address): Sender & Disposable {
  return new FollowingSender(() => new QueueSender(address));
}

export function openReceiver(address: Address): Receiver & Disposable {
  return new FollowingReceiver(() => new QueueReceiver(address));
}

export function keepOpen(address: Address): KeptOpen & Disposable {
  const member = new Member(address, "parent");
  return {
    ready: () => messagesIn(member.queue) > 0,
    [Symbol.dispose]: () => member[Symbol.dispose](),
  };
}

export function inspect(address: Address): Occupancy | undefined {
  const object = nameOf(address);
  using open = openExisting(object);
  if (!open) return undefined;
  const { roles } = new Presence(open.fd);
  return { object, ...roles, messages: messagesIn(open) };
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
  const messages = messagesIn(open);
  MessageQueue.unlink(name);
  return removedWith(name, messages);
}

function openExisting(name: string): MessageQueue | undefined {
  try {
    return MessageQueue.open(name);
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return;
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
  #old: number; // farewells from before we opened the queue
  readonly #checks = new RateLimit(); // of senders: each takes a system call
  #hadSender = false;
  #checked = false; // did the last poll() that found nothing check them?
  #found: typeof PENDING | typeof END = PENDING; // the answer of the last check

  constructor(address: Address) {
    this.#member = new Member(address, "receiver");
    this.#old = this.#member.farewells;
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
      const isFarewell = record?.length === FAREWELL.length;
      // A farewell from before us says nothing of a sender of ours.
      const isOld = isFarewell && this.#old-- > 0;
      this.#hadSender ||= record !== undefined && !isOld;
      if (!isFarewell) return record;
    }
  }

  unread() {
    const { presence, queue } = this.#member;
    return { messages: presence.has("receiver") ? 0 : messagesIn(queue) };
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
