/**
 * Finds or makes an object in run/, enters it and leaves it. The folder's lock
 * keeps two processes from making it, or removing it, at the same time.
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
 * @param others Tells which other processes have the object open.
 */
export type Settle = (others: Presence) => Place;

/** Marks this process as one that has the object open, until it is disposed. */
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

  /** Tells which other processes have the object open. */
  get others(): Presence {
    return this.#presence;
  }

  /** A path that leads to this object even if its name is moved to another. */
  get pinned(): string {
    return this.#place.pinned;
  }

  /** Does the name still lead to this object? A person may have removed it. */
  get isThere(): boolean {
    return this.#place.isThere;
  }

  /** Enters the object that has the name now, if ours has lost it. */
  followName(): void {
    if (this.isThere) return;
    const before = this.#place;
    this.#place = this.#enter(before.path);
    before[Symbol.dispose]();
  }

  /** Does the work under the lock, one process at a time. */
  exclusively<T>(work: () => T): T {
    return this.#folder.exclusively(work);
  }

  /**
   * Leaves, and removes the name.
   *
   * @param last Remove it only if no other process has the object open?
   * @returns Was the name removed?
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
