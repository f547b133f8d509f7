/**
 * Finds what a program has left behind, and removes it. What was there before
 * the run stays, and so does what no process of the program was seen to use.
 *
 * @module
 */
import { errorCode } from "../error.ts";
import { namesIn, readText } from "../posix/folder.ts";
import { libc } from "../posix/libc.ts";
import { MessageQueue } from "../posix/mqueue.ts";
import { unlink } from "../posix/file.ts";
import type { Watch } from "./watch.ts";

const QUEUES = "/dev/mqueue";
const SEGMENTS = "/dev/shm";

/** The names of objects before a run. */
export class Before {
  readonly #cwd: string;
  readonly #names: Set<string>;
  readonly #ids: Set<string>;

  /** @param cwd The program's folder. */
  constructor(cwd: string) {
    this.#cwd = cwd;
    this.#names = new Set(this.#listed());
    this.#ids = new Set(systemV().map(({ id }) => id));
  }

  #listed(): string[] {
    const folders = [QUEUES, SEGMENTS, this.#cwd, `${this.#cwd}/run`, "/tmp"];
    return folders.flatMap((folder) =>
      namesIn(folder).map((name) => `${folder}/${name}`)
    );
  }

  /** Removes what the program has left. @returns What it was, in words. */
  removeNew(watch: Watch): string[] {
    return [...this.#removeNamed(watch), ...this.#removeSystemV(watch)];
  }

  #removeNamed(watch: Watch): string[] {
    const now = new Set(
      this.#listed().filter((path) => !this.#names.has(path)),
    );
    const left = new Map<string, string>();
    for (const { object: { kind, name } } of watch.objects.values()) {
      if (name === undefined) continue;
      if (kind === "message queue") left.set(QUEUES + name, kind);
      else left.set(name.startsWith("/") ? name : `${this.#cwd}/${name}`, kind);
    }
    // A FIFO in the program's own folder is its own, though none opened it.
    for (const path of now) {
      if (path.slice(0, path.lastIndexOf("/")) === this.#cwd && isFifo(path)) {
        left.set(path, "FIFO");
      }
    }
    return [...left].filter(([path]) => now.has(path)).map(([path, kind]) => {
      if (kind !== "message queue") unlink(path);
      else MessageQueue.unlink(path.slice(QUEUES.length));
      return `the ${kind} ${path}`;
    });
  }

  #removeSystemV(watch: Watch): string[] {
    return systemV().filter(({ id, pids }) =>
      !this.#ids.has(id) && pids.some((pid) => watch.processes.has(pid))
    ).map(({ what, number }) => {
      const { shmctl, msgctl } = libc();
      (what === "shm" ? shmctl : msgctl)(number, IPC_RMID, null);
      return `the System V ${
        what === "shm" ? "segment" : "message queue"
      } ${number}`;
    });
  }
}

const IPC_RMID = 0;

/** System V objects, and the processes that made or used them: sysvipc(7). */
function systemV() {
  return (["shm", "msg"] as const).flatMap((what) => {
    const [, ...rows] = (readText(`/proc/sysvipc/${what}`) ?? "").split("\n");
    return rows.filter((row) => row !== "").map((row) => {
      const words = row.trim().split(/ +/).map(Number);
      const pids = what === "shm" ? words.slice(4, 6) : words.slice(5, 7);
      return { id: `${what} ${words[1]}`, what, number: words[1], pids };
    });
  });
}

function isFifo(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFifo === true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
