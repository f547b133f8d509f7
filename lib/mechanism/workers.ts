/**
 * Shared memory between two workers of one process: a ring in one
 * SharedArrayBuffer, which the parent makes and hands to both.
 *
 * @module
 */
import type { Address, KeptOpen, Receiver, Sender } from "../channel/mod.ts";
import { ringBytes } from "../shared_memory/layout.ts";
import { Ring } from "../shared_memory/ring.ts";
import {
  type Attendance,
  RingReceiver,
  RingSender,
} from "../shared_memory/ends.ts";

const CAPACITY = 64; // messages
const PAGE_BYTES = 65_536; // WebAssembly's
const SLOT_BYTES = 66_048; // 64 KiB of body, 512 bytes of header

/**
 * Makes memory that begins at a page. A `new SharedArrayBuffer` begins 16 bytes
 * after the start of a page, so a record may touch one more cache line. That
 * takes twice as long where the processors are far apart.
 */
export function allocate({ capacity = CAPACITY }: Address): SharedArrayBuffer {
  const pages = Math.ceil(ringBytes(capacity, SLOT_BYTES) / PAGE_BYTES);
  const size = { initial: pages, maximum: pages, shared: true };
  const memory = new WebAssembly.Memory(size).buffer as SharedArrayBuffer;
  Ring.format(memory, capacity, SLOT_BYTES);
  return memory;
}

export function openSender(address: Address): Sender & Disposable {
  const ring = attach(address);
  return new RingSender(ring, attendanceAt(ring));
}

export function openReceiver(address: Address): Receiver & Disposable {
  const ring = attach(address);
  return new RingReceiver(ring, attendanceAt(ring), 0);
}

export function keepOpen(address: Address): KeptOpen & Disposable {
  const ring = attach(address);
  return { ready: () => ring.filled, [Symbol.dispose]() {} };
}

/** Does nothing: the memory ends with its process. */
export function remove(): undefined {}

function attach({ memory }: Address): Ring {
  if (memory) return new Ring(memory);
  throw new TypeError("Cannot open a channel between workers without memory");
}

/** Workers end with their process, so the count of senders is never wrong. */
function attendanceAt(ring: Ring): Attendance {
  return {
    hasSender: () => ring.senders > 0,
    hasReceiver: () => false,
    isAlive: () => true,
    isThere: true,
    [Symbol.dispose]() {},
  };
}
