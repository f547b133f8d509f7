/**
 * Shared memory between two workers of one process: a ring in one
 * SharedArrayBuffer, which the parent makes and hands to both.
 *
 * @module
 */
import type { Address, Hold, Receiver, Sender } from "../channel/channel.ts";
import { Ring, ringBytes } from "../shared_memory/ring.ts";
import {
  type Presence,
  RingReceiver,
  RingSender,
} from "../shared_memory/ends.ts";

const CAPACITY = 64; // messages
const PAGE_BYTES = 65_536; // WebAssembly's
const SLOT_BYTES = 66_048; // 64 KiB of body, 512 bytes of header

/**
 * Memory that begins at a page. What `new SharedArrayBuffer` gives begins 16
 * bytes behind one, so that a record may lie across one more cache line: that
 * takes twice as long where the processors are far apart.
 */
export function allocate({ capacity = CAPACITY }: Address): SharedArrayBuffer {
  const pages = Math.ceil(ringBytes(capacity, SLOT_BYTES) / PAGE_BYTES);
  const size = { initial: pages, maximum: pages, shared: true };
  const memory = new WebAssembly.Memory(size).buffer as SharedArrayBuffer;
  Ring.format(memory, capacity, SLOT_BYTES);
  return memory;
}

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
