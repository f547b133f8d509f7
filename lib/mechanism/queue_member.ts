/**
 * An open POSIX message queue, and this process's mark at it.
 *
 * @module
 */
import type { Address } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { libc } from "../posix/libc.ts";
import { MessageQueue } from "../posix/mqueue.ts";
import { exclusively, Presence, type Role } from "../posix/presence.ts";
import { stat } from "../posix/stat.ts";
import { channelName, checkUse, ownObject, removeHint } from "./address.ts";

const CAPACITY = 10; // messages: what every user may have, msg_max
const SIZE_BYTES = 8192; // msgsize_max
/**
 * A message of no bytes, from a sender that closes and has sent nothing. It
 * wakes a sleeping receiver, and is not a record.
 */
export const FAREWELL = new Uint8Array(0);

/** The name has the user's number in it, as all users share these names. */
export function nameOf(address: Address): string {
  return ownObject(address) ??
    `/ipc-lab-${libc().geteuid()}.${channelName(address)}`;
}

/** An open queue, with this process marked as one that has it open. */
export class Member implements Disposable {
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
