/**
 * The channel on which one client reads its answers. The client names it in
 * Reply-To.
 *
 * @module
 */
import { type Address, type Mechanism, NAME } from "../channel/mod.ts";

/** A client asks, reads the answer, and asks again: there is one at a time. */
const CAPACITY = 1; // messages

/** The name of our own reply channel at the server of that name. */
export function replyName(server: string): string {
  return `${server}.${Deno.pid}`;
}

/**
 * May a client of that server read its answers there? A name that leads out of
 * run/, or to the channel of somebody else, is none.
 */
export function isReplyName(replyTo: string, server: string): boolean {
  return NAME.test(replyTo) && replyTo.startsWith(`${server}.`);
}

/** How both sides open a reply channel. */
export function replyAddress(mechanism: Mechanism, replyTo: string): Address {
  const { capacity } = mechanism.properties;
  const chosen = "messages" in capacity ? CAPACITY : undefined;
  return { name: replyTo, capacity: chosen };
}
