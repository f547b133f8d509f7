/**
 * A mailbox on a NATS server: a work-queue stream of JetStream with one durable
 * consumer that all receivers share. Its last end removes it if it is empty.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { nanos } from "@nats-io/transport-node";
import {
  AckPolicy,
  type ConsumerInfo,
  DiscardPolicy,
  type JsMsg,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { Address, Occupancy } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { channelName, removeHint } from "./address.ts";
import {
  apiCode,
  CODES,
  dial,
  lastingFailure,
  type Link,
} from "./nats_link.ts";
import { Presence, type Role, ROLES } from "./nats_presence.ts";

/** Messages that a mailbox holds if nobody chooses. */
const CAPACITY = 64;
/** The consumer that all receivers of a mailbox share. */
const READERS = "readers";
/** How long (ms) the server remembers a message's id, to drop a repeat. */
const REPEAT_MS = 60_000;
/** How long (ms) until the messages of a killed receiver come again. */
export const ACK_WAIT_MS = 5000;
/** How long (ms) a stream that is being removed may take to vanish. */
const CLOSING_MS = 300;

/** What lies in a mailbox. */
export interface Held {
  messages: number;
  capacity: number;
  /** Has its last sender closed it? One that was cut off has not. */
  closed: boolean;
}

/** One end's view of a mailbox. */
export class Mailbox {
  readonly link: Link;
  /** Who has it open. */
  readonly presence: Presence;
  /** As a log shows it. */
  readonly object: string;
  /** The stream, and its subject. */
  readonly stream: string;
  readonly subject: string;
  readonly #address: Address & { server?: string };

  private constructor(
    link: Link,
    token: string,
    address: Address & { server?: string },
  ) {
    this.link = link;
    this.subject = `ipc-lab.${token}`;
    this.stream = `ipc-lab-${token}`;
    this.object = `${link.place}/${this.stream}`;
    this.#address = address;
    this.presence = new Presence(link, this.subject, this.object);
  }

  /**
   * Connects to the server.
   *
   * @throws {TypeError} If the address has no name, or has a path.
   * @throws {LabError} If there is no server that lets us in.
   */
  static async open(address: Address, server?: string): Promise<Mailbox> {
    const token = tokenOf(address);
    const link = await dial(server);
    // As a log may show it: a program may have given us a password in it.
    const shown = server === undefined ? undefined : link.place;
    return new Mailbox(link, token, { ...address, server: shown });
  }

  /** What lies in it; `undefined`: there is no such stream. */
  async held(): Promise<Held | undefined> {
    const info = await this.#info();
    return info && heldOf(info);
  }

  async #info(): Promise<StreamInfo | undefined> {
    try {
      return await this.link.jsm.streams.info(this.stream);
    } catch (error) {
      if (apiCode(error) === CODES.streamNotFound) return undefined;
      throw error;
    }
  }

  /**
   * Makes the stream if it is not there.
   *
   * @throws {LabError} If it is there with another capacity.
   */
  async ensure(): Promise<Held> {
    const info = await this.#info();
    if (!info) return heldOf(await this.#make());
    const held = heldOf(info);
    const { capacity } = this.#address;
    if (capacity !== undefined && held.capacity !== capacity) {
      throw new LabError(
        `Cannot open ${this.object} with --capacity=${capacity} as it is there with ${held.capacity}: ` +
          `leave the flag out, or ${removeHint("nats", this.#address)}`,
      );
    }
    if (info.config.subjects[0] === this.subject) return held;
    // Another end removes it, or was killed while it did.
    await delay(CLOSING_MS);
    if (await this.#info()) await this.#listenAt(this.subject);
    return this.ensure();
  }

  #make(): Promise<StreamInfo> {
    return this.link.jsm.streams.add({
      name: this.stream,
      subjects: [this.subject],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_msgs: this.#address.capacity ?? CAPACITY,
      duplicate_window: nanos(REPEAT_MS),
    });
  }

  #listenAt(subject: string): Promise<unknown> {
    return this.link.jsm.streams.update(this.stream, { subjects: [subject] });
  }

  /**
   * Notes on the stream whether its last sender has closed it, and tells the
   * receivers.
   */
  async mark(state: "open" | "closed"): Promise<void> {
    const { jsm, nc } = this.link;
    await jsm.streams.update(this.stream, { description: state });
    nc.publish(this.news);
    await nc.flush();
  }

  /** The subject on which receivers hear that senders have come or gone. */
  get news(): string {
    return `${this.subject}.news`;
  }

  /**
   * Opens the receivers' consumer.
   *
   * @param again Make it anew: what was delivered and not acknowledged then
   * comes at once and in its order, not after ACK_WAIT_MS and behind the rest.
   */
  async consumer(again: boolean) {
    const { js, jsm } = this.link;
    if (again && (await this.delivery())?.num_ack_pending) {
      await jsm.consumers.delete(this.stream, READERS);
    }
    await jsm.consumers.add(this.stream, {
      durable_name: READERS,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
    });
    return await js.consumers.get(this.stream, READERS);
  }

  /** What the consumer has delivered; `undefined`: it is not there. */
  async delivery(): Promise<ConsumerInfo | undefined> {
    try {
      return await this.link.jsm.consumers.info(this.stream, READERS);
    } catch (error) {
      if (apiCode(error) === CODES.consumerNotFound) return undefined;
      throw error;
    }
  }

  /** Who has it open, and what lies in it. */
  async occupancy(): Promise<Occupancy | undefined> {
    const [held, parent, receiver, sender] = await Promise.all([
      this.held(),
      ...ROLES.map((role) => this.presence.has(role)),
    ]);
    const { object } = this;
    return held &&
      { object, sender, receiver, parent, messages: held.messages };
  }

  /**
   * Gives up the role. The last end to leave removes an empty stream.
   *
   * @param last A record to acknowledge, and to wait until the server has removed
   * it: then either we or an end that leaves beside us finds the stream empty.
   */
  async leave(role?: Role, last?: JsMsg): Promise<void> {
    const { nc } = this.link;
    if (nc.isClosed()) return;
    try {
      await this.presence.leave();
      await last?.ackAck();
      if (role === "sender" && !await this.presence.has("sender")) {
        await this.mark("closed");
      }
      await this.#removeIfEmpty();
    } catch (error) {
      // Without its server an end leaves nothing behind but what lies there.
      if (lastingFailure(this.link, error) && !nc.isClosed()) throw error;
    } finally {
      await nc.close();
    }
  }

  async #removeIfEmpty() {
    const there = await this.occupancy();
    if (!there || !isFree(there)) return;
    // From now on the server takes no message into it that we would destroy.
    await this.#listenAt(`${this.subject}.removed`);
    const now = await this.occupancy();
    if (now && isFree(now)) await this.remove();
    else if (now) await this.#listenAt(this.subject);
  }

  /** Removes the stream. @returns How many messages were in it. */
  async remove(): Promise<number | undefined> {
    try {
      const held = await this.held();
      if (held) await this.link.jsm.streams.delete(this.stream);
      return held?.messages;
    } catch (error) {
      if (apiCode(error) === CODES.streamNotFound) return undefined;
      throw error;
    }
  }
}

/** A subject has dots between its words, and a stream's name has none. */
function tokenOf(address: Address): string {
  if (address.path !== undefined) {
    throw new TypeError(
      `Cannot use '${address.path}' as a path: a mailbox on a server has a name`,
    );
  }
  return channelName(address).replaceAll(".", "=");
}

function heldOf({ state, config }: StreamInfo): Held {
  return {
    messages: state.messages,
    capacity: config.max_msgs,
    closed: config.description === "closed",
  };
}

function isFree({ sender, receiver, parent, messages }: Occupancy): boolean {
  return !sender && !receiver && !parent && messages === 0;
}
