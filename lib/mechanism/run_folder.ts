/**
 * The folder `run/`, where channels that have a name in the file system live.
 *
 * @module
 */
import { errorCode, LabError } from "../error.ts";
import { libc } from "../posix/libc.ts";

const FOLDER = "run";

/**
 * The path of a named object, relative to the working directory. Makes the
 * folder if it is not there, for us alone.
 *
 * @param file Such as `lab.fifo`.
 * @throws {LabError} If the folder cannot be made.
 */
export function runPath(file: string): string {
  try {
    Deno.mkdirSync(FOLDER, { mode: 0o700 });
  } catch (error) {
    const folder = Deno.lstatSync.bind(undefined, FOLDER);
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new LabError(
        `Cannot make the folder ${FOLDER}/ in ${Deno.cwd()}: ${reason(error)}`,
      );
    }
    if (!folder().isDirectory) {
      throw new LabError(
        `Cannot use ${FOLDER}/ as it is not a folder: remove it or work elsewhere`,
      );
    }
  }
  return `${FOLDER}/${file}`;
}

/**
 * What lies at a path, if it is ours to use.
 *
 * @param kind What it must be.
 * @returns Its inode number, or `undefined` where nothing is.
 * @throws {LabError} If it is of another kind, or somebody else's.
 */
export function ours(
  path: string,
  kind: "FIFO" | "socket",
): number | undefined {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new LabError(`Cannot look at ${path}: ${reason(error)}`);
  }
  if (!(kind === "FIFO" ? info.isFifo : info.isSocket)) {
    const what = info.isDirectory
      ? "a directory"
      : info.isFile
      ? "a regular file"
      : info.isSymlink
      ? "a symbolic link"
      : "something else";
    throw new LabError(
      `Cannot use ${path} as a ${kind} as it is ${what}: remove it or choose another --name`,
    );
  }
  const uid = libc().geteuid();
  if (info.uid !== uid) {
    throw new LabError(
      `Cannot use ${path} as it belongs to user ${info.uid} and we are user ${uid}: choose another --name`,
    );
  }
  return info.ino ?? 0;
}

/** Removes a name; another may have been faster. */
export function unlink(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * The system's own words for an error, without the runtime's.
 */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) return error.message;
  return errorCode(error)
    ? error.message.replace(/ \(os error \d+\).*/, "")
    : error.message;
}
