/**
 * The names that a channel has left behind: files in run/, queues, segments.
 *
 * @module
 */
import type { Operations } from "../channel/mod.ts";
import { namesIn } from "../posix/folder.ts";

/** Where the kernel shows names; /dev/mqueue only if it is mounted. */
const FOLDERS = ["run", "/dev/shm", "/dev/mqueue"];

/** Names that begin with a channel's name, or with that of one of its own. */
export function namesLeft(channel: string): string[] {
  return FOLDERS.flatMap((folder) =>
    namesIn(folder).filter((name) => name.includes(channel))
      .map((name) => `${folder}/${name}`)
  );
}

/** Removes what a channel and those with names of its own have left. */
export async function removeNames(
  channel: string,
  { remove }: Operations,
): Promise<void> {
  // No folder shows a queue if /dev/mqueue is not mounted: go by its name.
  await remove({ name: channel });
  for (const path of namesLeft(channel)) {
    const [name] = /soak-.*/.exec(path) ?? [];
    if (name) await remove({ name: name.replace(/\.(?:fifo|sock)$/, "") });
  }
}
