/**
 * The sending end of a mailbox on a NATS server. Records wait in an outbox
 * until the server has acknowledged them. They go out in rounds, go-back-N
 * (Tanenbaum, Computer Networks, 3.4.2): what a round did not bring in is sent
 * again, in order, and the server drops by its id what it has already.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { type Address, FULL, type Sender } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { Change } from "../wait/change.ts";
import {
  AGAIN_MS,
  ANSWER_MS,
  apiCode,
  CODES,
  lastingFailure,
  type Link,
} from "./nats_link.ts";
import { type Held, Mailbox } from "./nats_mailbox.ts";

/** The longest record: 64 KiB of body, 512 bytes of header. */
const RECORD_BYTES = 66_048;
/** What a record's ids take of the server's longest message, and to spare. */
const IDS_BYTES = 512;
/** The most records that wait for their acknowledgement. */
const IN_FLIGHT = 64;
/** How long (ms) between two looks for room, at the most. */
const ROOM_MS = 32;
/** How long (ms) a closing sender waits for acknowledgements. */
const CLOSE_MS = 5000;

interface Outgoing {
  id: string;
  record: Uint8Array;
}

/** Opens the sending end. */
export async function openSender(
  address: Address,
  server?: string,
): Promise<NatsSender> {
  const mailbox = await Mailbox.open(address, server);
  try {
    await mailbox.presence.enter("sender");
    const held = await mailbox.ensure();
    await mailbox.mark("open");
    return new NatsSender(mailbox, held);
  } catch (error) {
    await mailbox.leave();
    throw error;
  }
}

class NatsSender implements Sender, AsyncDisposable {
  readonly limit: number;
  readonly #mailbox: Mailbox;
  readonly #link: Link;
  readonly #id = crypto.randomUUID();
  readonly #capacity: number;
  readonly #change = new Change();
  readonly #outbox: Outgoing[] = [];
  #seq = 0;
  /** Messages in the stream, as far as we know: there may be fewer. */
  #stored: number;
  /** How many records the next round has. */
  #window = IN_FLIGHT;
  #wanted = false; // was a record refused since there was room?
  #working = false;
  #closed = false;
  #failure?: LabError;
  #lost = Promise.withResolvers<void>(); // resolves when the connection is back

  constructor(mailbox: Mailbox, held: Held) {
    this.#mailbox = mailbox;
    this.#link = mailbox.link;
    this.#stored = held.messages;
    this.#capacity = held.capacity;
    const longest = this.#link.nc.info?.max_payload ?? RECORD_BYTES;
    this.limit = Math.min(RECORD_BYTES, longest - IDS_BYTES);
    this.#watchConnection();
  }

  get #hasRoom(): boolean {
    const { length } = this.#outbox;
    return length < IN_FLIGHT && this.#stored + length < this.#capacity;
  }

  offer(record: Uint8Array): true | typeof FULL {
    if (this.#failure) throw this.#failure;
    const room = this.#hasRoom;
    if (room) {
      const id = `${this.#id}.${++this.#seq}`;
      this.#outbox.push({ id, record: record.slice() });
    } else this.#wanted = true;
    this.#work();
    return room || FULL;
  }

  writable(signal: AbortSignal): Promise<void> | undefined {
    if (this.#hasRoom || this.#failure) return undefined;
    this.#wanted = true;
    this.#work();
    return this.#change.next(signal);
  }

  settled(signal: AbortSignal): Promise<void> | undefined {
    if (this.#failure) throw this.#failure;
    return this.#outbox.length === 0 ? undefined : this.#change.next(signal);
  }

  hasReceiver(): Promise<boolean> {
    return this.#mailbox.presence.has("receiver");
  }

  /** Sends, and looks for room, as long as there is something to do. */
  async #work() {
    if (this.#working) return;
    this.#working = true;
    let pauseMs = 1;
    while (!this.#closed && (this.#outbox.length > 0 || this.#wanted)) {
      try {
        if (this.#stored >= this.#capacity) {
          this.#stored = (await this.#mailbox.ensure()).messages;
        }
        if (this.#stored < this.#capacity) {
          pauseMs = 1;
          this.#wanted = false;
          if (this.#outbox.length > 0) await this.#sendRound();
        } else { // nobody tells us when a receiver makes room
          await delay(pauseMs);
          pauseMs = Math.min(2 * pauseMs, ROOM_MS);
        }
      } catch (error) {
        this.#failure = lastingFailure(this.#link, error);
        if (this.#failure) break;
        await delay(AGAIN_MS);
      }
      this.#change.happened();
    }
    this.#working = false;
    this.#change.happened();
  }

  async #sendRound() {
    const room = Math.min(this.#window, this.#capacity - this.#stored);
    const round = this.#outbox.slice(0, room);
    const sending = Promise.allSettled(
      round.map((out, i) => this.#publish(out, round[i - 1]?.id)),
    );
    // What was under way when the connection was lost has no answer any more.
    const results = await Promise.race([sending, this.#lost.promise]);
    if (!results) return;
    const failed = results.findIndex(({ status }) => status === "rejected");
    const good = failed < 0 ? results.length : failed;
    this.#outbox.splice(0, good);
    this.#stored += good;
    const result = results[good];
    if (result?.status !== "rejected") {
      this.#window = Math.min(2 * this.#window, IN_FLIGHT);
    } else await this.#explain(result.reason);
  }

  /**
   * @param after The record before it in this round: if the server did not take
   * that one, or took another sender's after it, it refuses this one. So the
   * order is kept though we do not wait for each acknowledgement.
   */
  #publish({ id, record }: Outgoing, after?: string): Promise<unknown> {
    return this.#link.js.publish(this.#mailbox.subject, record, {
      msgID: id,
      timeout: ANSWER_MS,
      expect: after === undefined ? undefined : { lastMsgID: after },
    });
  }

  /** What the first failure of a round means for the next. */
  async #explain(error: unknown) {
    const code = apiCode(error);
    if (code === CODES.wrongLastMessage) { // another sender came between
      this.#window = Math.max(1, this.#window >> 1);
    } else if (code !== CODES.storeFailed) {
      await this.#mailbox.ensure(); // somebody may have removed the stream
      throw error;
    } else if (/maximum messages/.test(String(error))) {
      this.#stored = this.#capacity;
    } else throw error;
  }

  async #watchConnection() {
    for await (const { type } of this.#link.nc.status()) {
      if (type !== "reconnect") continue;
      this.#lost.resolve();
      this.#lost = Promise.withResolvers();
    }
  }

  async [Symbol.asyncDispose]() {
    const latest = AbortSignal.timeout(CLOSE_MS);
    try {
      for (let left; (left = this.settled(latest));) await left;
    } catch (error) {
      if (!latest.aborted) throw error;
      const { length } = this.#outbox;
      throw new LabError(
        `The server at ${this.#link.place} has not acknowledged ${length} of ${this.#seq} records`,
      );
    } finally {
      this.#closed = true;
      await this.#mailbox.leave("sender");
    }
  }
}
