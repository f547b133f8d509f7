/**
 * A mailbox on a NATS server, for processes on several machines: a work-queue
 * stream of JetStream, kept in files. It outlives every process, and the
 * server's own kill -9.
 *
 * There is no shared kernel. So nobody is ABSENT, a record has left us when the
 * server has acknowledged it, and what happened elsewhere is known later.
 *
 * @module
 */
import type { Address, KeptOpen, Operations } from "../channel/mod.ts";
import { removedWith } from "./address.ts";
import { dial } from "./nats_link.ts";
import { Mailbox } from "./nats_mailbox.ts";
import { openReceiver } from "./nats_receiver.ts";
import { openSender } from "./nats_sender.ts";

/**
 * The operations of mailboxes on one server.
 *
 * @param server Its address. @default NATS_URL, or nats://127.0.0.1:4222
 */
export function operationsAt(server?: string): Operations {
  return {
    openSender: (address) => openSender(address, server),
    openReceiver: (address) => openReceiver(address, server),
    keepOpen: (address) => keepOpen(address, server),
    inspect: (address) =>
      look(address, server, (mailbox) => mailbox.occupancy()),
    remove: (address) => look(address, server, remove),
    async tryOut() {
      const { nc } = await dial(server);
      await nc.close();
    },
  };
}

async function keepOpen(
  address: Address,
  server?: string,
): Promise<KeptOpen & AsyncDisposable> {
  const mailbox = await Mailbox.open(address, server);
  try {
    await mailbox.presence.enter("parent");
    await mailbox.ensure();
  } catch (error) {
    await mailbox.leave();
    throw error;
  }
  return {
    ready: async () => ((await mailbox.held())?.messages ?? 0) > 0,
    [Symbol.asyncDispose]: () => mailbox.leave("parent"),
  };
}

/** Looks at a mailbox from outside. */
async function look<T>(
  address: Address,
  server: string | undefined,
  work: (mailbox: Mailbox) => Promise<T>,
): Promise<T> {
  const mailbox = await Mailbox.open(address, server);
  try {
    return await work(mailbox);
  } finally {
    await mailbox.link.nc.close();
  }
}

async function remove(mailbox: Mailbox): Promise<string | undefined> {
  const messages = await mailbox.remove();
  return messages === undefined
    ? undefined
    : removedWith(mailbox.object, messages);
}
