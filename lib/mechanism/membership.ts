/**
 * Being at an object in run/: found or made, entered and left under one lock, so
 * that no two processes make it, or remove it, at the same time.
 *
 * @module
 */
import { unlink } from "../posix/file.ts";
import type { Presence, Role } from "../posix/presence.ts";
import { type Place, RunFolder } from "./run_folder.ts";

/** How an object in run/ is found or made. */
export interface Site {
  /** What lies there now; `undefined`: nothing does. */
  find(): Place | undefined;
  /**
   * Called under the lock.
   *
   * @param found What lies there, and who has it open.
   * @returns What we are at from now on: what was found, or what was made.
   */
  settle(found?: { place: Place; others: Presence }): Place;
}

const ROLES: readonly Role[] = ["sender", "receiver", "parent"];

/** That we are there, in a role, until we are disposed of. */
export class Membership implements Disposable {
  readonly #site: Site;
  readonly #role: Role;
  readonly #folder = new RunFolder();
  #place: Place;

  constructor(site: Site, role: Role) {
    this.#site = site;
    this.#role = role;
    this.#place = this.#enter();
  }

  #enter(): Place {
    return this.#folder.exclusively(() => {
      const place = this.#site.find();
      const found = place &&
        { place, others: this.#folder.presence(place.stat) };
      const settled = this.#site.settle(found);
      this.#folder.presence(settled.stat).enter(this.#role);
      return settled;
    });
  }

  /** The object, by a path that no renaming can turn to another. */
  get pinned(): string {
    return this.#place.pinned;
  }

  /** Is it still at its name? Somebody may have removed that. */
  get isThere(): boolean {
    return this.#place.isThere;
  }

  /** Goes on to the object that is at the name now, if ours was removed. */
  followName(): void {
    if (this.isThere) return;
    this.#folder.presence(this.#place.stat).leave(this.#role);
    this.#place[Symbol.dispose]();
    this.#place = this.#enter();
  }

  /** Does something that no other of our processes may do at the same time. */
  exclusively<T>(work: () => T): T {
    return this.#folder.exclusively(work);
  }

  /** Leaves; the last one removes the name. @returns Have we removed it? */
  leave(): boolean {
    return this.exclusively(() => {
      const presence = this.#folder.presence(this.#place.stat);
      presence.leave(this.#role);
      const used = ROLES.some((role) => presence.has(role));
      if (used || !this.isThere) return false;
      unlink(this.#place.path);
      return true;
    });
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}
