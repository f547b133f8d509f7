/**
 * Shared memory between two workers of one process: a ring in one
 * SharedArrayBuffer, which the parent makes and hands to both.
 *
 * @module
 */
import type { Address, Hold, Receiver, Sender } from "../channel.ts";
import { Ring, ringBytes } from "../ring.ts";
import { type Presence, RingReceiver, RingSender } from "../ring_ends.ts";

const CAPACITY = 64; // messages
const SLOT_BYTES = 66_048; // 64 KiB of body, 512 bytes of header

export function allocate({ capacity = CAPACITY }: Address): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(ringBytes(capacity, SLOT_BYTES));
  Ring.format(memory, capacity, SLOT_BYTES);
  return memory;
}

export const through = () => "Atomics";

export function openSender(address: Address): Promise<Sender> {
  const ring = attach(address);
  return Promise.resolve(new RingSender(ring, presence(ring)));
}

export function openReceiver(address: Address): Promise<Receiver> {
  const ring = attach(address);
  return Promise.resolve(new RingReceiver(ring, presence(ring), 0));
}

export function hold(address: Address): Hold {
  const ring = attach(address);
  return { ready: () => ring.filled, [Symbol.dispose]() {} };
}

/** Nothing to do: the memory is gone with its process. */
export function remove(): Promise<undefined> {
  return Promise.resolve(undefined);
}

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
