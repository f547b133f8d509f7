/**
 * Notices changes in a folder: inotify(7).
 *
 * `Deno.watchFs` opens each file that is made in the folder. If that is a FIFO,
 * it becomes its reader, or waits for a writer for ever.
 *
 * @module
 */
import { close, EAGAIN, O_CLOEXEC, O_NONBLOCK, read } from "./file.ts";
import { cString, errno, libc, SystemError } from "./libc.ts";
import { waitFd } from "./poll.ts";

const FLAGS = O_NONBLOCK | O_CLOEXEC; // IN_NONBLOCK and IN_CLOEXEC are these

/** A file was made in the folder, or moved into it. */
const EVENTS = 0x100 | 0x080; // IN_CREATE, IN_MOVED_TO

/** Watches a folder from its creation on. */
export class FolderWatch implements Disposable {
  readonly #fd: number;
  readonly #events = new Uint8Array(4096); // read and thrown away

  /** @throws {SystemError} `EMFILE`, `ENOSPC`: the user watches too much. */
  constructor(folder: string) {
    this.#fd = libc().inotify_init1(FLAGS);
    if (this.#fd < 0) throw new SystemError("watch a folder", errno());
    if (libc().inotify_add_watch(this.#fd, cString(folder), EVENTS) < 0) {
      const error = errno();
      close(this.#fd);
      throw new SystemError(`watch ${folder}`, error);
    }
  }

  /**
   * Wakes if anything has changed since the last call. Look at the folder after
   * it is watched, and after each call.
   *
   * @param atMostMs Milliseconds after which the wait is over in any case.
   * @throws As {@linkcode waitFd}.
   */
  async changed(signal: AbortSignal, atMostMs: number): Promise<void> {
    await waitFd(this.#fd, "readable", signal, atMostMs);
    let count: number;
    do count = read(this.#fd, this.#events); while (count > 0);
    if (count !== -EAGAIN) throw new SystemError("read of changes", -count);
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

/** No watch is left; or the sandbox of a container refuses it, seccomp(2). */
const REFUSED = ["EMFILE", "ENFILE", "ENOSPC", "EPERM", "EACCES", "ENOSYS"];

/** Watches a folder; `undefined`: it cannot be watched, so look at it. */
export function watchFolder(folder: string): FolderWatch | undefined {
  try {
    return new FolderWatch(folder);
  } catch (error) {
    if (error instanceof SystemError && REFUSED.includes(error.code)) return;
    throw error;
  }
}
