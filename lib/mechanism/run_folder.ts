/**
 * The folder `run/`, where FIFOs and sockets have their names, and which roles
 * have each of them open. To look opens no end: an end that is opened only to
 * look would be taken for a producer or a consumer.
 *
 * @module
 */
import { LabError, reason } from "../error.ts";
import {
  close,
  EACCES,
  ENOENT,
  ENOTDIR,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  open,
  unlink,
} from "../posix/file.ts";
import { libc, SystemError } from "../posix/libc.ts";
import type { Occupancy } from "../channel/mod.ts";
import { exclusively, Presence } from "../posix/presence.ts";
import { type Stat, stat } from "../posix/stat.ts";
import { fileOf, folderOf } from "./address.ts";

const FOLDER = "run";

/**
 * Makes the folder if it is not there, for our user alone.
 *
 * @throws {LabError} If it cannot be made.
 */
export function makeRunFolder(): void {
  try {
    Deno.mkdirSync(FOLDER, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw new LabError(
      `Cannot make the folder ${FOLDER}/ in ${Deno.cwd()}: ${reason(error)}: ` +
        "copy the project to a folder of your own",
    );
  }
}

/** Does a file with that path lie in run/? */
export function isInRunFolder(path: string): boolean {
  return /^(\.\/)*run\//.test(path);
}

/** The open folder of a channel: for its lock and the marks of presence. */
export class RunFolder implements Disposable {
  readonly #fd: number;
  readonly #path: string;

  /**
   * Opens the folder. Makes `run/` if it is not there, for our user alone; any
   * other folder must be there.
   *
   * @throws {LabError} If it cannot be made, or others may write to it.
   */
  constructor(path: string = FOLDER) {
    if (path === FOLDER) makeRunFolder();
    const flags = O_DIRECTORY | O_NOFOLLOW;
    const fd = open(path, O_RDONLY | flags);
    // A folder that we may not read is one to look at: whose is it?
    const found = fd === -EACCES ? open(path, O_PATH | flags) : fd;
    if (found < 0) throw cannotUse(path, -found);
    this.#fd = found;
    this.#path = path;
    const { uid, mode } = stat(found);
    const user = libc().geteuid();
    if (uid === user && (mode & 0o022) === 0 && fd >= 0) return;
    close(found);
    throw new LabError(
      uid !== user
        ? `Cannot use ${path}/ as it belongs to user ${uid} and we are user ${user}: ${
          path === FOLDER
            ? "copy the project to a folder of your own"
            : "choose a folder of your own"
        }`
        : fd < 0
        ? `Cannot use ${path}/ as we may not read it: chmod u+rwx ${path}`
        : `Cannot use ${path}/ as others may write to it: chmod go-w ${path}`,
    );
  }

  /** Does the work under the lock, one process at a time. */
  exclusively<T>(work: () => T): T {
    return exclusively(this.#fd, `${this.#path}/`, work);
  }

  /** Marks, and asks, which processes have the object of that name open. */
  presence(path: string): Presence {
    // The file's name alone: another process may write the path differently.
    return new Presence(this.#fd, fileOf(path));
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

/** Why open(2) has failed, and what to do. */
function cannotUse(path: string, error: number): LabError {
  const hint = {
    [ENOENT]: "as it is not there: make it first",
    [ENOTDIR]: "as it is not a folder: remove it or work elsewhere",
  }[error];
  return hint
    ? new LabError(`Cannot use ${path}/ ${hint}`)
    : new SystemError(`use ${path}/`, error);
}

/** The path of a named object, relative to the working directory. */
export function runPath(file: string): string {
  return `${FOLDER}/${file}`;
}

/**
 * An object in run/ that our user owns, by its place in the file system: if
 * another object gets its name, this one stays what it is.
 */
export class Place implements Disposable {
  readonly path: string;
  readonly stat: Stat;
  readonly #fd: number;

  private constructor(path: string, fd: number, stat: Stat) {
    this.path = path;
    this.stat = stat;
    this.#fd = fd;
  }

  /**
   * Looks at what lies at a path, without opening an end of it.
   *
   * @param kind What it must be.
   * @returns `undefined`: nothing lies there.
   * @throws {LabError} If it is of another kind, or belongs to another user.
   */
  static find(path: string, kind: "FIFO" | "socket"): Place | undefined {
    const fd = open(path, O_PATH | O_NOFOLLOW);
    // ENOTDIR: run/ is a file. Opening an end reports that.
    if (fd === -ENOENT || fd === -ENOTDIR) return undefined;
    if (fd < 0) throw new SystemError(`look at ${path}`, -fd);
    const found = stat(fd);
    const user = libc().geteuid();
    if (found.kind === kind && found.uid === user) {
      return new Place(path, fd, found);
    }
    close(fd);
    throw new LabError(
      found.kind !== kind
        ? `Cannot use ${path} as a ${kind} as it is ${WORDS[found.kind]}: ${
          found.kind === "directory" ? "rmdir" : "rm"
        } ${path}, or choose another --name`
        : `Cannot use ${path} as it belongs to user ${found.uid} and we are user ${user}: choose another --name`,
    );
  }

  /** A path that leads to this object even if its name is moved to another. */
  get pinned(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** Does it still lie at its path? */
  get isThere(): boolean {
    return stat(this.#fd).links > 0;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

const WORDS: Record<Stat["kind"], string> = {
  FIFO: "a FIFO",
  socket: "a socket",
  directory: "a directory",
  file: "a regular file",
  link: "a symbolic link",
  device: "a device",
};

/** Looks at an object, and makes nothing, not even the folder. */
export function inspectPlace(
  path: string,
  kind: "FIFO" | "socket",
): Occupancy | undefined {
  const folderThere = open(folderOf(path), O_PATH);
  if (folderThere < 0) return undefined;
  close(folderThere);
  using folder = new RunFolder(folderOf(path)); // first: it says whose it is
  using place = Place.find(path, kind);
  const presence = folder.presence(path);
  if (!place && presence.isAlone) return undefined;
  return { object: path, ...presence.roles, messages: 0 };
}

/** Removes the name. @returns The name; `undefined`: nothing was there. */
export function removePlace(
  path: string,
  kind: "FIFO" | "socket",
): string | undefined {
  using place = Place.find(path, kind);
  if (!place) return undefined;
  unlink(path);
  return path;
}
