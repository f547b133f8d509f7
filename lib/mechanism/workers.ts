/**
 * Shared memory between two workers of one process: a ring in one
 * SharedArrayBuffer, which the parent makes and hands to both.
 *
 * @module
 */
import type { Address, Mechanism } from "../channel.ts";
import { Ring, ringBytes } from "../ring.ts";
import { type Presence, RingReceiver, RingSender } from "../ring_ends.ts";

const CAPACITY = 64; // messages
const MOST = 16_384; // about 1 GiB of memory
const SLOT_BYTES = 66_048; // 64 KiB of body, 512 bytes of header

/** The mechanism `--via=workers`. */
export const workers: Mechanism = {
  name: "workers",
  summary: "shared memory between two workers of one process; lab alone",
  properties: {
    object: "SharedArrayBuffer, a ring of slots",
    direction: "two-way",
    openedBy: "parent",
    outlives: false,
    boundaries: true,
    capacity: { messages: CAPACITY, chosen: true, most: MOST },
    processes: "one",
    ffi: false,
  },
  permissions: () => [],
  available: () => true,
  allocate({ capacity = CAPACITY }) {
    const memory = new SharedArrayBuffer(ringBytes(capacity, SLOT_BYTES));
    Ring.format(memory, capacity, SLOT_BYTES);
    return memory;
  },
  first: "producer",
  hold(address) {
    const ring = attach(address);
    return { ready: () => ring.filled, [Symbol.dispose]() {} };
  },
  openSender(address) {
    const ring = attach(address);
    return Promise.resolve(new RingSender(ring, presence(ring)));
  },
  openReceiver(address) {
    const ring = attach(address);
    return Promise.resolve(new RingReceiver(ring, presence(ring), 0));
  },
  remove: () => Promise.resolve(undefined),
};

function attach({ memory }: Address): Ring {
  if (memory) return new Ring(memory);
  throw new TypeError("Cannot open a channel between workers without memory");
}

/** Workers die together: a count of them is never wrong. */
function presence(ring: Ring): Presence {
  return {
    senders: () => ring.senders > 0,
    isAlive: () => true,
    [Symbol.dispose]() {},
  };
}
