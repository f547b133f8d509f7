/**
 * Shared memory that unrelated processes open by name, shm_overview(7): the same
 * ring as between workers, in a segment that the first one makes.
 *
 * The segment outlives its processes; it goes when the last of them leaves it
 * empty.
 *
 * @module
 */
import type { Address, Hold, Receiver, Sender } from "../channel/channel.ts";
import { LabError } from "../error.ts";
import { futexParking } from "../posix/futex.ts";
import { SystemError } from "../posix/libc.ts";
import {
  enter,
  exclusively,
  leave,
  present,
  type Role,
} from "../posix/presence.ts";
import { isAlive } from "../posix/process.ts";
import { openShared, type SharedSegment, unlinkShared } from "../posix/shm.ts";
import { Ring, ringBytes } from "../shared_memory/ring.ts";
import {
  type Presence,
  RingReceiver,
  RingSender,
} from "../shared_memory/ends.ts";

const CAPACITY = 64; // messages
const SLOT_BYTES = 66_048; // 64 KiB of body, 512 bytes of header

export function openSender(address: Address): Promise<Sender> {
  const { ring, presence } = open(address, "sender");
  return Promise.resolve(new RingSender(ring, presence));
}

export function openReceiver(address: Address): Promise<Receiver> {
  const { ring, presence } = open(address, "receiver");
  return Promise.resolve(new RingReceiver(ring, presence));
}

export function hold(address: Address): Hold {
  const { ring, presence } = open(address, "parent");
  return {
    ready: () => ring.filled,
    [Symbol.dispose]: () => presence[Symbol.dispose](),
  };
}

export function heard(address: Address): Promise<boolean> {
  try {
    using segment = openShared(path(address));
    return Promise.resolve(present(segment.fd, "receiver"));
  } catch (error) {
    const absent = error instanceof SystemError && error.code === "ENOENT";
    if (!absent) throw error;
    return Promise.resolve(false);
  }
}

export function remove(address: Address): Promise<string | undefined> {
  const name = path(address);
  const left = describe(name);
  return Promise.resolve(unlinkShared(name) ? `${name} (${left})` : undefined);
}

function path({ name }: Address): string {
  return `/ipc-lab.${name}`;
}

function open(address: Address, role: Role) {
  const name = path(address);
  let segment = attach(name, address.capacity);
  while (!enter(segment.fd, role)) {
    segment.close();
    segment = attach(name, address.capacity);
  }
  const { fd } = segment;
  const ring = new Ring(segment.memory, Deno.pid, futexParking);
  if (address.capacity !== undefined && ring.capacity !== address.capacity) {
    segment.close();
    throw new LabError(
      `Cannot open ${name} with --capacity=${address.capacity} as it is there with ${ring.capacity}: ` +
        `leave the flag out, or remove it first: deno task remove --via=shm`,
    );
  }
  const presence: Presence = {
    senders: () => present(fd, "sender"),
    isAlive,
    [Symbol.dispose]() {
      leave(fd, role, () => {
        if (ring.length === 0) unlinkShared(name);
      });
      segment.close();
    },
  };
  return { ring, presence };
}

/** Opens the segment; whoever finds no ring in it yet makes one. */
function attach(name: string, capacity = CAPACITY): SharedSegment {
  const bytes = ringBytes(capacity, SLOT_BYTES);
  const segment = openShared(name, { create: true, bytes });
  try {
    if (!segment.ours) {
      throw new LabError(
        `Cannot use ${name} as it belongs to user ${segment.uid}, or is open to others: choose another --name`,
      );
    }
    exclusively(segment.fd, () => {
      const { memory } = segment;
      const blank = memory.byteLength === bytes &&
        new Int32Array(memory, 0, 2).every((word) => word === 0);
      if (blank) Ring.format(memory, capacity, SLOT_BYTES);
      else check(name, memory);
    });
    return segment;
  } catch (error) {
    segment.close();
    throw error;
  }
}

function check(name: string, memory: ArrayBuffer): Ring {
  try {
    return new Ring(memory, Deno.pid, futexParking);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(
      `${error.message}: ${name} is not ours to read: choose another --name, or remove it: deno task remove --via=shm`,
    );
  }
}

/** What lies in a segment, in words. */
function describe(name: string): string {
  try {
    using segment = openShared(name);
    const { length, capacity } = new Ring(segment.memory);
    return `${length} of ${capacity} slots were full`;
  } catch (error) {
    if (error instanceof SystemError || error instanceof LabError) {
      return error.message;
    }
    throw error;
  }
}
