/**
 * The channel on which one client reads its answers. The client names it in
 * Reply-To.
 *
 * @module
 */
import { type Address, type Mechanism, NAME } from "../channel/mod.ts";

/** A client asks, reads the answer, and asks again: there is one at a time. */
const CAPACITY = 1; // messages

/** A name has 64 characters at most: that leaves 17 after the server's. */
const SERVER_CHARACTERS = 47;

/** A new reply channel's name: two clients may have the same Pid, each in its container. */
export function newReplyName(server: string): string {
  return `${replyPrefix(server)}${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
}

/** How the names of a server's reply channels begin. */
export function replyPrefix(server: string): string {
  return `${server.slice(0, SERVER_CHARACTERS)}.`;
}

/**
 * May a client of that server read its answers there? A name that leads out of
 * run/, or to the channel of somebody else, is none.
 */
export function isReplyName(replyTo: string, server: string): boolean {
  return NAME.test(replyTo) && replyTo.startsWith(replyPrefix(server));
}

/** How both sides open a reply channel. */
export function replyAddress(mechanism: Mechanism, replyTo: string): Address {
  const { capacity } = mechanism.properties;
  const chosen = "messages" in capacity ? CAPACITY : undefined;
  return { name: replyTo, capacity: chosen };
}
