/**
 * A mailbox that several servers of a cluster keep.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { LabError } from "../error.ts";

// The NATS client is loaded when a mailbox is opened, not before.
type Mailbox = import("../mechanism/nats_mailbox.ts").Mailbox;

/** How long (ms) the servers may take to agree. */
const AGREED_MS = 20_000;
/** How often (ms) we ask them. */
const LOOK_MS = 50;

/**
 * Makes a mailbox, and waits until so many servers keep it.
 *
 * @throws {LabError} If they do not, for instance as there is one server.
 */
export async function replicate(
  name: string,
  replicas: number,
  server?: string,
): Promise<void> {
  const { Mailbox } = await import("../mechanism/nats_mailbox.ts");
  const { lastingFailure } = await import("../mechanism/nats_link.ts");
  const mailbox = await Mailbox.open({ name }, server);
  const latest = performance.now() + AGREED_MS;
  try {
    for (;;) {
      try {
        if (await isKept(mailbox, replicas)) break;
      } catch (error) { // a cluster that starts has no leader yet
        const lasting = lastingFailure(mailbox.link, error);
        if (lasting) throw lasting;
      }
      if (performance.now() > latest) {
        throw new LabError(
          `Cannot keep ${mailbox.object} on ${replicas} servers: they do not agree`,
        );
      }
      await delay(LOOK_MS);
    }
  } catch (error) {
    await mailbox.leave(); // and remove it
    throw error;
  }
  await mailbox.link.nc.close();
}

/** Do so many servers have all of it? They are told to, if they were not. */
async function isKept(mailbox: Mailbox, replicas: number): Promise<boolean> {
  await mailbox.ensure();
  const { streams } = mailbox.link.jsm;
  const { config, cluster } = await streams.info(mailbox.stream);
  if (!cluster) {
    throw new LabError(
      `Cannot keep ${mailbox.object} on ${replicas} servers: its server is in no cluster`,
    );
  }
  if (config.num_replicas !== replicas) {
    await streams.update(mailbox.stream, { num_replicas: replicas });
    return false;
  }
  const others = cluster.replicas ?? [];
  return cluster.leader !== undefined && others.length === replicas - 1 &&
    others.every(({ current }) => current);
}
