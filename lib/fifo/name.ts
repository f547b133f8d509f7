/**
 * The name of a FIFO in run/. It lives as long as somebody uses it: whoever
 * comes first makes it with mkfifo(1), whoever leaves last removes it.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Address } from "../channel.ts";
import { LabError } from "../error.ts";
import { ours, reason, runPath } from "../run_folder.ts";

/** One who waits sees to it that often that the name is there, in ms. */
export const LOOK = 1000;

/** How a FIFO's end is opened, without waiting for the other one. */
export interface Opener {
  /** @returns A descriptor; `undefined`: nobody reads yet (ENXIO), or no name (ENOENT). */
  open(path: string, end: "read" | "write"): number | undefined;
  close(fd: number): void;
  /** @returns Tells whether something has been written since. */
  watch(fd: number): () => boolean;
}

/** The path of a channel's FIFO. */
export function path({ name }: Address): string {
  return runPath(`${name}.fifo`);
}

/** Makes the FIFO unless it is there. @returns Its inode number. */
export function make(path: string): number {
  for (;;) {
    const there = ours(path, "FIFO");
    if (there !== undefined) return there;
    const { success, stderr } = run("mkfifo", ["-m", "600", path]);
    // Two may try at the same moment: one of them is told that it exists.
    if (!success && ours(path, "FIFO") === undefined) {
      throw new LabError(
        `Cannot make ${path}: ${new TextDecoder().decode(stderr).trim()}`,
      );
    }
  }
}

function run(command: string, args: string[]): Deno.CommandOutput {
  try {
    return new Deno.Command(command, { args, stdin: "null" }).outputSync();
  } catch (error) {
    const why = error instanceof Deno.errors.NotCapable
      ? "the task does not permit it: use deno task lab, producer or consumer"
      : reason(error);
    throw new LabError(`Cannot run ${command}: ${why}`);
  }
}

/** Makes the FIFO and opens it for reading. */
export function openToRead(
  { open }: Opener,
  path: string,
): [fd: number, inode: number] {
  for (;;) {
    const inode = make(path);
    const fd = open(path, "read");
    if (fd !== undefined) return [fd, inode];
  }
}

/**
 * Opens one end as a blocking open(2): the kernel keeps us until somebody opens
 * the other. `undefined`: the name was removed before we came to it.
 */
export async function openWaiting(
  path: string,
  options: Deno.OpenOptions,
): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, options);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Opens an end and closes it: that ends an open(2) that waits at the other. */
export function knock(
  { open, close }: Opener,
  path: string,
  end: "read" | "write",
): boolean {
  const fd = open(path, end);
  if (fd !== undefined) close(fd);
  return fd !== undefined;
}

/** Removes the name unless somebody has the FIFO open for reading. */
export function removeUnlessRead(opener: Opener, path: string): void {
  if (!knock(opener, path, "write")) unlink(path);
}

/** Removes the name. */
export function unlink(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    // The other end may have been faster.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What a sender that leaves does for the name. */
export async function seeOff(opener: Opener, path: string): Promise<void> {
  // A reader that is not ours, cat say, leaves as soon as we have, and does
  // not tidy up: see it off. Our consumer may stay, and then it has the name.
  for (let i = 0; i < 10 && knock(opener, path, "write"); i++) await delay(20);
  knock(opener, path, "read"); // another writer would wait for ever at a lost name
  removeUnlessRead(opener, path);
}
