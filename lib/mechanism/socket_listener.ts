/**
 * The name of a Unix-domain socket, and the consumer that listens there.
 *
 * @module
 */
import { ABSENT } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { close, unlink } from "../posix/file.ts";
import type { Presence } from "../posix/presence.ts";
import { connectTo, listenAt } from "../posix/socket.ts";
import { Membership } from "./membership.ts";
import { Place } from "./run_folder.ts";

/** A socket that listens at its name, with this process as its receiver. */
export class Listener implements Disposable {
  readonly #membership: Membership;
  #fd = -1; // none yet

  constructor(path: string, exclusive?: boolean) {
    const settle = (others: Presence) => this.#listenAt(path, others);
    this.#membership = new Membership(path, "receiver", settle, exclusive);
  }

  /** The socket that listens. */
  get fd(): number {
    return this.#fd;
  }

  /** Makes the name; a socket that listened before has lost it. */
  #listenAt(path: string, others: Presence): Place {
    removeStale(path, others);
    const fd = listenAt(path);
    if (fd === undefined) throw taken(path);
    const place = Place.find(path, "socket");
    if (!place) {
      close(fd);
      throw taken(path);
    }
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = fd;
    return place;
  }

  /** Listens at the name again, if it was removed. */
  followName(): void {
    this.#membership.followName();
  }

  /** Does the name still lead to this socket? */
  get isThere(): boolean {
    return this.#membership.isThere;
  }

  [Symbol.dispose]() {
    // Always removed: without its listener the name leads nowhere.
    this.#membership.leave({ last: false });
    close(this.fd);
    this.#membership[Symbol.dispose]();
  }
}

/** Removes a name that a killed consumer has left behind. */
function removeStale(path: string, others: Presence) {
  using stale = Place.find(path, "socket");
  if (!stale) return;
  if (others.has("receiver") || isListened(stale)) throw taken(path);
  unlink(path);
}

function taken(path: string): LabError {
  return new LabError(
    `Cannot listen at ${path} as another consumer does: choose another --name`,
  );
}

/** Does another program listen there? It sets no mark of presence: connect. */
function isListened(place: Place): boolean {
  const fd = connectTo(place.pinned);
  if (typeof fd === "number") close(fd);
  return fd !== ABSENT;
}
