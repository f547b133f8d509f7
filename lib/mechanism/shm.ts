/**
 * Shared memory that unrelated processes open by name, shm_overview(7): the
 * same ring as between workers, in a segment that the first process makes.
 *
 * The segment outlives its processes. The last process that closes it removes
 * it if it is empty.
 *
 * @module
 */
import type {
  Address,
  KeptOpen,
  Occupancy,
  Receiver,
  Sender,
} from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { libc, SystemError } from "../posix/libc.ts";
import { exclusively, Presence, type Role } from "../posix/presence.ts";
import {
  openShared,
  type SharedSegment,
  statShared,
  unlinkShared,
} from "../posix/shm.ts";
import { stat } from "../posix/stat.ts";
import {
  type Attendance,
  RingReceiver,
  RingSender,
} from "../shared_memory/ends.ts";
import { claimNumber, isNumberTaken } from "../shared_memory/end_number.ts";
import { ringBytes } from "../shared_memory/layout.ts";
import { processParking } from "../shared_memory/process_parking.ts";
import { Ring } from "../shared_memory/ring.ts";
import {
  channelName,
  checkOwner,
  checkUse,
  ownObject,
  removeHint,
} from "./address.ts";
import { FollowingReceiver, FollowingSender } from "./following.ts";

const CAPACITY = 64; // messages
const SLOT_BYTES = 66_048; // 64 KiB of body, 512 bytes of header

export function openSender(address: Address): Sender & Disposable {
  return new FollowingSender(() => {
    const { ring, attendance } = enter(address, "sender");
    return new RingSender(ring, attendance);
  });
}

export function openReceiver(address: Address): Receiver & Disposable {
  return new FollowingReceiver(() => {
    const { ring, attendance } = enter(address, "receiver");
    return new RingReceiver(ring, attendance);
  });
}

export function keepOpen(address: Address): KeptOpen & Disposable {
  const { ring, attendance } = enter(address, "parent");
  return {
    ready: () => ring.filled,
    [Symbol.dispose]: () => attendance[Symbol.dispose](),
  };
}

export function inspect(address: Address): Occupancy | undefined {
  const object = nameOf(address);
  try {
    using segment = openShared(object);
    const { roles } = new Presence(segment.fd);
    const messages = new Ring(segment.memory).length;
    return { object, ...roles, messages };
  } catch (error) {
    // No segment, or no ring in it: opening an end reports what is wrong.
    if (error instanceof LabError) return undefined;
    throw error;
  }
}

export function tryOut(): void {
  const name = `/ipc-lab-try.${crypto.randomUUID()}`;
  using _segment = openShared(name, {
    create: true,
    exclusive: true,
    bytes: 1,
  });
  unlinkShared(name);
}

export function remove(address: Address): string | undefined {
  const name = nameOf(address);
  const found = statShared(name);
  if (!found) return undefined;
  checkOwner(name, found, "remove");
  const left = describe(name);
  return unlinkShared(name) ? `${name} (${left})` : undefined;
}

/** The name has the user's number in it, as all users share these names. */
function nameOf(address: Address): string {
  return ownObject(address) ??
    `/ipc-lab-${libc().geteuid()}.${channelName(address)}`;
}

/** Opens the segment, and marks this process as one that has it open. */
function enter(address: Address, role: Role) {
  const name = nameOf(address);
  let segment = attach(name, address);
  const entered = () => {
    const presence = new Presence(segment.fd);
    presence.enter(role, name, address.exclusive);
    return stat(segment.fd).links > 0;
  };
  while (!exclusively(segment.fd, name, entered)) {
    segment.close(); // another process has just removed its name: open it again
    segment = attach(name, address);
  }
  const { memory, fd } = segment;
  const ring = new Ring(memory, claimNumber(memory, fd), processParking);
  if (address.capacity !== undefined && ring.capacity !== address.capacity) {
    segment.close();
    throw new LabError(
      `Cannot open ${name} with --capacity=${address.capacity} as it is there with ${ring.capacity}: ` +
        `leave the flag out, or ${removeHint("shm", address)}`,
    );
  }
  return { ring, attendance: attendanceAt(name, segment, ring, role) };
}

/** Which others have it open; the last to leave removes an empty segment. */
function attendanceAt(
  name: string,
  segment: SharedSegment,
  ring: Ring,
  role: Role,
): Attendance {
  const presence = new Presence(segment.fd);
  return {
    hasSender: () => presence.has("sender"),
    hasReceiver: () => presence.has("receiver"),
    isAlive: (end) => end === ring.owner || isNumberTaken(segment.fd, end),
    get isThere() {
      return stat(segment.fd).links > 0;
    },
    [Symbol.dispose]() {
      exclusively(segment.fd, name, () => {
        presence.leave(role);
        const named = stat(segment.fd).links > 0; // or another segment has it
        if (named && presence.isAlone && ring.length === 0) unlinkShared(name);
      });
      segment.close();
    },
  };
}

/** Opens the segment; the first process makes a ring in it. */
function attach(name: string, address: Address): SharedSegment {
  const { capacity = CAPACITY } = address;
  const bytes = ringBytes(capacity, SLOT_BYTES);
  const segment = openShared(name, { create: true, bytes });
  try {
    checkUse("shm", name, stat(segment.fd), address);
    exclusively(segment.fd, name, () => {
      const { memory } = segment;
      const blank = memory.byteLength === bytes &&
        new Int32Array(memory, 0, 2).every((word) => word === 0);
      if (blank) Ring.format(memory, capacity, SLOT_BYTES);
      else check(name, memory, address);
    });
    return segment;
  } catch (error) {
    segment.close();
    throw error;
  }
}

function check(name: string, memory: ArrayBuffer, address: Address): Ring {
  try {
    return new Ring(memory);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(
      `${error.message}: ${name} is not ours to read: choose another --name, or ${
        removeHint("shm", address)
      }`,
    );
  }
}

/** What lies in a segment, in words. */
function describe(name: string): string {
  try {
    using segment = openShared(name);
    const { length, capacity } = new Ring(segment.memory);
    return `${length} of ${capacity} slots ${
      length === 1 ? "was" : "were"
    } full`;
  } catch (error) {
    if (error instanceof SystemError || error instanceof LabError) {
      return error.message;
    }
    throw error;
  }
}
