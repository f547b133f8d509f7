/**
 * Shared memory between two workers of one process: a ring in one
 * SharedArrayBuffer, which the parent makes and hands to both.
 *
 * @module
 */
import {
  type Address,
  END,
  FULL,
  type Mechanism,
  PENDING,
  type Receiver,
  type Sender,
} from "../channel.ts";
import { Ring, ringBytes } from "../ring.ts";

const CAPACITY = 64; // messages
const SLOT_BYTES = 66_048; // 64 KiB of body, 512 bytes of header

/** The mechanism `--via=workers`. */
export const workers: Mechanism = {
  name: "workers",
  summary: "shared memory between two workers of one process; lab alone",
  properties: {
    object: "SharedArrayBuffer, a ring of slots",
    openedBy: "parent",
    outlives: false,
    boundaries: true,
    capacity: { messages: CAPACITY, chosen: true },
    processes: "one",
  },
  permissions: [],
  available: () => true,
  allocate({ capacity = CAPACITY }) {
    const memory = new SharedArrayBuffer(ringBytes(capacity, SLOT_BYTES));
    Ring.format(memory, capacity, SLOT_BYTES);
    return memory;
  },
  hold(address) {
    const ring = attach(address);
    return { filled: () => ring.filled, [Symbol.dispose]() {} };
  },
  openSender: (address) => Promise.resolve(new RingSender(attach(address))),
  openReceiver: (address) => Promise.resolve(new RingReceiver(attach(address))),
  remove: () => Promise.resolve(undefined),
};

function attach({ memory }: Address): Ring {
  if (memory) return new Ring(memory);
  throw new TypeError("Cannot open a channel between workers without memory");
}

class RingSender implements Sender {
  readonly limit: number;
  #ring: Ring;

  constructor(ring: Ring) {
    this.#ring = ring;
    this.limit = ring.slotBytes;
    ring.join("senders");
  }

  offer(record: Uint8Array) {
    return this.#ring.put(record) || FULL;
  }

  writable(signal: AbortSignal) {
    return this.#ring.sleep("senders", signal);
  }

  [Symbol.asyncDispose]() {
    this.#ring.leave("senders");
    return Promise.resolve();
  }
}

class RingReceiver implements Receiver {
  #ring: Ring;

  constructor(ring: Ring) {
    this.#ring = ring;
    ring.join("receivers");
  }

  poll() {
    const ring = this.#ring;
    const record = ring.take();
    if (record) return record;
    if (!ring.hadSender || ring.members("senders").length > 0) return PENDING;
    // What the last sender put in just before it left.
    return ring.take() ?? END;
  }

  readable(signal: AbortSignal) {
    return this.#ring.sleep("receivers", signal);
  }

  [Symbol.asyncDispose]() {
    this.#ring.leave("receivers");
    return Promise.resolve();
  }
}
