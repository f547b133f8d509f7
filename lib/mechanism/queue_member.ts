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
  /** Farewells that lay in the queue before we entered, if nothing else did. */
  readonly farewells: number;
  readonly #name: string;
  readonly #role: Role;

  constructor(address: Address, role: Role) {
    this.#name = nameOf(address);
    this.#role = role;
    for (;;) {
      const queue = openQueue(address);
      const presence = new Presence(queue.fd);
      // Counted first: once we are there, a sender's farewell is for us.
      const farewells = farewellsIn(queue);
      const entered = exclusively(queue.fd, this.#name, () => {
        presence.enter(role, this.#name, address.exclusive);
        return stat(queue.fd).links > 0;
      });
      if (entered) {
        this.queue = queue;
        this.presence = presence;
        this.farewells = farewells;
        return;
      }
      queue.close(); // another process has just removed its name: open it again
    }
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
      if (messagesIn(queue) === 0) MessageQueue.unlink(this.#name);
    });
    queue.close();
  }
}

/** How many messages lie in a queue; none if they are all farewells. */
export function messagesIn(queue: MessageQueue): number {
  return farewellsIn(queue) > 0 ? 0 : queue.attributes().messages;
}

/** How many farewells lie in a queue; behind a message they are not told. */
function farewellsIn(queue: MessageQueue): number {
  const { messages } = queue.attributes();
  return messages > 0 && queue.bytes === 0 ? messages : 0;
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
