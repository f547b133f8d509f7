/**
 * One server at a time has a folder of messages: two would recover the same
 * streams, and write to the same files.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { lockByte } from "../posix/byte_lock.ts";
import { close, inherit, O_RDWR, open } from "../posix/file.ts";
import { SystemError } from "../posix/libc.ts";

/** The locked folder. */
export interface FolderLock extends Disposable {
  /** Notes which process a user has to end. */
  note(pid: number): void;
}

/**
 * Locks a folder. A program that we start from now on inherits the lock: if
 * kill -9 ends us, its server lives on, and keeps the lock until it ends.
 *
 * @param folder It must be there.
 * @throws {LabError} If another server has it.
 */
export function lockFolder(folder: string): FolderLock {
  const path = `${folder}/lock`;
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  const fd = open(path, O_RDWR);
  if (fd < 0) throw new SystemError(`open ${path}`, -fd);
  if (!lockByte(fd, 0n, "alone")) {
    close(fd);
    const pid = Deno.readTextFileSync(path);
    throw new LabError(
      `Cannot start as another nats-server has its messages in ${folder}: ` +
        `use that one, or end it first: kill ${pid}`,
    );
  }
  inherit(fd);
  const note = (pid: number) => Deno.writeTextFileSync(path, `${pid}`);
  note(Deno.pid); // and no longer that of an earlier server
  return {
    note,
    [Symbol.dispose]: () => close(fd),
  };
}
