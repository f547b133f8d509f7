/**
 * Being at an object in run/: found or made, entered and left under one lock, so
 * that no two processes make it, or remove it, at the same time.
 *
 * @module
 */
import { unlink } from "../posix/file.ts";
import type { Presence, Role } from "../posix/presence.ts";
import { folderOf } from "./address.ts";
import { type Place, RunFolder } from "./run_folder.ts";

/**
 * Finds the object, or makes it. Called under the lock.
 *
 * @param others Which other processes are there.
 */
export type Settle = (others: Presence) => Place;

/** That we are there, in a role, until we are disposed of. */
export class Membership implements Disposable {
  readonly #settle: Settle;
  readonly #role: Role;
  readonly #exclusive: boolean;
  readonly #folder: RunFolder;
  readonly #presence: Presence;
  #place: Place;

  /**
   * @param path The object's name.
   * @param exclusive As in {@linkcode Presence.enter}.
   * @throws {LabError} If a process is there that we refuse.
   */
  constructor(path: string, role: Role, settle: Settle, exclusive = false) {
    this.#settle = settle;
    this.#role = role;
    this.#exclusive = exclusive;
    this.#folder = new RunFolder(folderOf(path));
    this.#presence = this.#folder.presence(path);
    this.#place = this.#enter(path);
  }

  #enter(path: string): Place {
    return this.#folder.exclusively(() => {
      this.#presence.enter(this.#role, path, this.#exclusive);
      try {
        return this.#settle(this.#presence);
      } catch (error) {
        this.#presence.leave(this.#role);
        throw error;
      }
    });
  }

  /** Which other processes are there. */
  get others(): Presence {
    return this.#presence;
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
    const { path } = this.#place;
    this.#place[Symbol.dispose]();
    this.#place = this.#enter(path);
  }

  /** Does something that no other of our processes may do at the same time. */
  exclusively<T>(work: () => T): T {
    return this.#folder.exclusively(work);
  }

  /**
   * Leaves, and removes the name.
   *
   * @param last Only as the last one?
   * @returns Have we removed it?
   */
  leave({ last }: { last: boolean }): boolean {
    return this.exclusively(() => {
      this.#presence.leave(this.#role);
      if (last && !this.#presence.isAlone || !this.isThere) return false;
      unlink(this.#place.path);
      return true;
    });
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}
