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
  readonly fd: number;
  readonly path: string;
  readonly #membership: Membership;

  readonly #exclusive?: boolean;

  constructor(path: string, exclusive?: boolean) {
    this.path = path;
    this.#exclusive = exclusive;
    let listening: number | undefined;
    const settle = (others: Presence) => {
      removeStale(path, others);
      listening = listenAt(path);
      const place = Place.find(path, "socket");
      if (!place) throw taken(path);
      return place;
    };
    this.#membership = new Membership(path, "receiver", settle, exclusive);
    if (listening === undefined) throw taken(path);
    this.fd = listening;
  }

  /** Listens at the same name again. */
  again(): Listener {
    return new Listener(this.path, this.#exclusive);
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
