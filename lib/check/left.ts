/**
 * Finds what a program has left behind, and removes it. What was there before
 * the run stays, and so does what no process of the program was seen to use,
 * unless it lies in a folder of the program's own.
 *
 * @module
 */
import { errorCode } from "../error.ts";
import { namesIn, readText } from "../posix/folder.ts";
import { libc } from "../posix/libc.ts";
import { MessageQueue } from "../posix/mqueue.ts";
import { close, O_NOFOLLOW, O_PATH, open, unlink } from "../posix/file.ts";
import { stat } from "../posix/stat.ts";
import type { Watch } from "./watch.ts";

const QUEUES = "/dev/mqueue";
const SEGMENTS = "/dev/shm";

/** The names of objects before a run. */
export class Before {
  readonly #cwd: string;
  readonly #isOwn: boolean;
  readonly #names: Set<string>;
  readonly #ids: Set<string>;
  readonly #at = Date.now();

  /** @param own The program's own folder. @default none: it runs in ours */
  constructor(own?: string) {
    this.#cwd = own ?? Deno.cwd();
    this.#isOwn = own !== undefined;
    this.#names = new Set(this.#listed());
    this.#ids = new Set(systemV().map(({ id }) => id));
  }

  get #folders(): string[] {
    const inMemory = namesIn(SEGMENTS).map((name) => `${SEGMENTS}/${name}`);
    return [
      ...[QUEUES, SEGMENTS, ...inMemory],
      ...[this.#cwd, `${this.#cwd}/run`, "/tmp"],
    ];
  }

  #listed(): string[] {
    return this.#folders.flatMap((folder) =>
      namesIn(folder).map((name) => `${folder}/${name}`)
    );
  }

  /** Removes what the program has left. @returns What it was, in words. */
  removeNew(watch: Watch): string[] {
    return [
      ...this.#removeNamed(watch),
      ...removeQueues(watch, (path) => this.#names.has(path)),
      ...this.#removeSystemV(watch),
    ];
  }

  #removeNamed(watch: Watch): string[] {
    const now = new Set(
      this.#listed().filter((path) => !this.#names.has(path)),
    );
    const left = new Map<string, string>();
    for (const { object } of watch.objects.values()) {
      const name = object.name ?? object.boundTo;
      if (!name || /^(message queue|file)$/.test(object.kind)) continue;
      const path = name.startsWith("/") ? name : `${this.#cwd}/${name}`;
      // A mapped file elsewhere is a file, and a program may write files.
      const isMemory = /^(shared memory|semaphore)$/.test(object.kind);
      if (isMemory && !path.startsWith(`${SEGMENTS}/`)) continue;
      left.set(path, object.kind);
    }
    // What lies in the program's own folder is its own, though none opened it.
    // Anybody may have made what lies in ours.
    for (const path of this.#isOwn ? now : []) {
      const kind = folderOf(path) === this.#cwd ? kindOf(path) : undefined;
      if (kind !== undefined) left.set(path, kind);
    }
    // sem_open(3) maps a semaphore before it has its name.
    const mapped = new Map(
      [...watch.objects.values()].map(({ object }) => object)
        .filter(({ name }) => name?.startsWith(`${SEGMENTS}/`))
        .map(({ id, kind }) => [Number(id.replace(/.*:/, "")), kind]),
    );
    for (const path of now) {
      if (!path.startsWith(`${SEGMENTS}/`)) continue;
      const kind = mapped.get(inodeOf(path) ?? 0);
      if (kind !== undefined) left.set(path, kind);
    }
    return [...left].filter(([path]) => now.has(path) || this.#isNew(path))
      .map(([path, kind]) => {
        unlink(path);
        return `the ${kind} ${path}`;
      });
  }

  /** Was it made since then, in a folder whose names were not noted? */
  #isNew(path: string): boolean {
    if (this.#folders.includes(folderOf(path)) || !kindOf(path)) return false;
    return (Deno.lstatSync(path).birthtime?.getTime() ?? 0) >= this.#at;
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

/**
 * Where /dev/mqueue is not mounted, no one can list the queues: then each one
 * that the program has used, and that is still there, counts as left.
 */
function removeQueues(
  { objects }: Watch,
  wasThere: (path: string) => boolean,
): string[] {
  return [...objects.values()].flatMap(({ object: { kind, name } }) => {
    if (kind !== "message queue" || name === undefined) return []; // System V
    if (wasThere(QUEUES + name)) return [];
    return MessageQueue.unlink(name) ? [`the message queue ${name}`] : [];
  });
}

function inodeOf(path: string): number | undefined {
  const fd = open(path, O_PATH | O_NOFOLLOW);
  if (fd < 0) return undefined; // it has just gone
  try {
    return stat(fd).inode;
  } finally {
    close(fd);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** `undefined`: there is nothing, or a file that is no channel. */
function kindOf(path: string): "FIFO" | "socket" | undefined {
  try {
    const { isFifo, isSocket } = Deno.lstatSync(path);
    return isFifo ? "FIFO" : isSocket ? "socket" : undefined;
  } catch (error) {
    // Deno shows us nothing of /dev; what lies there was listed before and after.
    if (error instanceof Deno.errors.NotCapable) return undefined;
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) {
      return undefined;
    }
    throw error;
  }
}
