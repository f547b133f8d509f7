/**
 * Who has a mailbox on a NATS server open. Presence is asked, not stored: each
 * end answers requests at a subject of its role. If nobody does, the server says
 * so at once ("no responders").
 *
 * @module
 */
import { delay } from "@std/async/delay";
import {
  NoRespondersError,
  RequestError,
  type Subscription,
} from "@nats-io/transport-node";
import { LabError } from "../error.ts";
import { lastingFailure, type Link } from "./nats_link.ts";

/** How long (ms) an end may take to say that it is there. */
const PRESENT_MS = 1000;
/** How long (ms) before we ask others again that come at the same time. */
const UNDECIDED_MS = 20;

/** The roles at a mailbox. */
export type Role = "sender" | "receiver" | "parent";

/** All of them. */
export const ROLES: readonly Role[] = ["parent", "receiver", "sender"];

const WORDS = {
  sender: "a producer",
  receiver: "a consumer",
  parent: "another lab",
};

/** What an end answers when it is asked whether it is there. */
interface Answer {
  id: string;
  /** Has it entered, or may it still be refused? */
  entered: boolean;
}

/** One end's presence at a mailbox, and what it sees of the others. */
export class Presence {
  readonly #link: Link;
  readonly #subject: string;
  readonly #object: string;
  readonly #me: Answer = { id: crypto.randomUUID(), entered: false };
  #answering?: Subscription;

  /**
   * @param subject The mailbox's subject.
   * @param object The mailbox, as a log shows it.
   */
  constructor(link: Link, subject: string, object: string) {
    this.#link = link;
    this.#subject = subject;
    this.#object = object;
  }

  /**
   * Takes a role. A lab's parent shares its mailbox with its children alone.
   *
   * @param exclusive Refuse to share the role.
   * @throws {LabError} If another end has a role that we refuse.
   */
  async enter(role: Role, exclusive = false): Promise<void> {
    const { nc } = this.#link;
    this.#answering = nc.subscribe(`${this.#subject}.${role}`, {
      callback: (_, request) => void request.respond(JSON.stringify(this.#me)),
    });
    await nc.flush(); // from now on, others see us
    for (const other of refusedBy(role, exclusive)) {
      if (!await this.#isBehind(other)) continue;
      const holder = other === role && other !== "parent"
        ? `another ${role}`
        : WORDS[other];
      throw new LabError(
        `Cannot start as ${holder} has ${this.#object} open: ` +
          "wait for its end, or choose another --name",
      );
    }
    this.#me.entered = true;
  }

  /**
   * Is another end with that role before us? Of those that come together the
   * one with the lowest id enters; it waits until the others know it (Lamport's
   * bakery algorithm).
   */
  async #isBehind(role: Role): Promise<boolean> {
    for (;;) {
      const others = await this.#others(role);
      if (others.length === 0) return false;
      if (others.some(({ id, entered }) => entered || id < this.#me.id)) {
        return true;
      }
      await delay(UNDECIDED_MS);
    }
  }

  /** All other ends with that role. */
  async #others(role: Role): Promise<Answer[]> {
    if (!await this.has(role)) return [];
    const { nc } = this.#link;
    const found: Answer[] = [];
    const answers = await nc.requestMany(
      `${this.#subject}.${role}`,
      undefined,
      {
        strategy: "stall",
        maxWait: PRESENT_MS,
      },
    );
    try {
      for await (const answer of answers) found.push(answer.json());
    } catch (error) {
      if (!isNobody(error)) throw error;
    }
    return found;
  }

  /**
   * Has another end that role? One that does not answer, as it is stopped or
   * its cable is pulled, is still there.
   */
  async has(role: Role): Promise<boolean> {
    const { nc } = this.#link;
    const asked = `${this.#subject}.${role}`;
    try {
      await nc.request(asked, undefined, { timeout: PRESENT_MS });
      return true;
    } catch (error) {
      if (isNobody(error)) return false;
      if (lastingFailure(this.#link, error)) throw error;
      return true;
    }
  }

  /** Gives up the role: from now on, others do not see us. */
  async leave(): Promise<void> {
    this.#answering?.unsubscribe();
    await this.#link.nc.flush();
  }
}

/** The roles that an end does not enter beside. */
function refusedBy(role: Role, exclusive: boolean): readonly Role[] {
  if (role === "parent") return ROLES;
  return exclusive ? [role, "parent"] : [];
}

/** Did the server say that nobody listens? */
function isNobody(error: unknown): boolean {
  return error instanceof NoRespondersError ||
    error instanceof RequestError && error.isNoResponders();
}
