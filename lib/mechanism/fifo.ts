/**
 * A named pipe, fifo(7): one-way, first in first out, opened by name.
 *
 * Where foreign functions are permitted, its ends call the C library, for that
 * is several times faster; where not, they do with `node:fs`.
 *
 * @module
 */
import type { Address, Hold, Receiver, Sender } from "../channel.ts";
import {
  knock,
  openToRead,
  path,
  removeUnlessRead,
  unlink,
} from "../fifo/name.ts";
import { granted } from "../posix/available.ts";
import { ours } from "../run_folder.ts";

const ends =
  await (granted() ? import("../fifo/posix.ts") : import("../fifo/node.ts"));
const { opener } = ends;

export const through = () => ends.THROUGH;

export function openSender(address: Address): Promise<Sender> {
  return Promise.resolve(new ends.FifoSender(path(address)));
}

export function openReceiver(address: Address): Promise<Receiver> {
  return Promise.resolve(new ends.FifoReceiver(path(address)));
}

export function hold(address: Address): Hold {
  const there = path(address);
  const [fd] = openToRead(opener, there);
  return {
    ready: opener.watch(fd),
    [Symbol.dispose]() {
      opener.close(fd);
      removeUnlessRead(opener, there);
    },
  };
}

export function heard(address: Address): Promise<boolean> {
  const there = path(address);
  const found = ours(there, "FIFO") !== undefined;
  return Promise.resolve(found && knock(opener, there, "write"));
}

export function remove(address: Address): Promise<string | undefined> {
  const there = path(address);
  if (ours(there, "FIFO") === undefined) return Promise.resolve(undefined);
  unlink(there);
  return Promise.resolve(there);
}
