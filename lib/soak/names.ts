/**
 * The names that a channel has left behind: files in run/, queues, segments.
 *
 * @module
 */
import type { Operations } from "../channel/mod.ts";
import { unlink } from "../posix/file.ts";
import { namesIn } from "../posix/folder.ts";
import { MessageQueue } from "../posix/mqueue.ts";
import { unlinkShared } from "../posix/shm.ts";

/** Where the kernel shows names, and how to remove one from there. */
const FOLDERS: [folder: string, remove: (name: string) => void][] = [
  ["run", (name) => unlink(`run/${name}`)],
  ["/dev/shm", (name) => unlinkShared(`/${name}`)],
  ["/dev/mqueue", (name) => MessageQueue.unlink(`/${name}`)], // if it is mounted
];

/** Names that have a channel's name in them: its own, and those made from it. */
export function namesLeft(channel: string): string[] {
  return FOLDERS.flatMap(([folder]) =>
    namesIn(folder).filter((name) => name.includes(channel))
      .map((name) => `${folder}/${name}`)
  );
}

/**
 * Removes what a channel and those with names of its own have left.
 *
 * @param operations Those of the channel's mechanism, if it is known: no folder
 * shows a queue if /dev/mqueue is not mounted, so it is removed by its name.
 */
export async function removeNames(
  channel: string,
  operations?: Operations,
): Promise<void> {
  await operations?.remove({ name: channel });
  for (const [folder, remove] of FOLDERS) {
    for (const name of namesIn(folder)) {
      if (name.includes(channel)) remove(name);
    }
  }
}
