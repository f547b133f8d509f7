import { LabError, reason } from "../error.ts";
import { isInRunFolder, makeRunFolder } from "../mechanism/run_folder.ts";

/**
 * A file that is written when the measurement is over. It is opened once before:
 * four minutes of measuring must not be lost because a file cannot be written.
 */
export class ResultFile implements Disposable {
  readonly #flag: string;
  readonly #path: string;
  /** Is the file new and still empty? Then we remove it in the end. */
  #isNew: boolean;

  /**
   * @param flag The flag that asked for the file, for the error.
   * @throws {LabError} If the file cannot be written.
   */
  constructor(flag: string, path: string) {
    this.#flag = flag;
    this.#path = path;
    if (isInRunFolder(path)) makeRunFolder();
    try {
      this.#isNew = tryToOpen(path, { createNew: true });
      if (!this.#isNew) tryToOpen(path, { create: true });
    } catch (error) {
      throw this.#cannotWrite(error);
    }
  }

  /** @throws {LabError} If the disk is full. */
  async write(text: string): Promise<void> {
    try {
      await Deno.writeTextFile(this.#path, text);
    } catch (error) {
      throw this.#cannotWrite(error);
    }
    this.#isNew = false;
  }

  #cannotWrite(error: unknown): LabError {
    const why = error instanceof Deno.errors.NotCapable
      ? "it lies outside this folder"
      : reason(error);
    return new LabError(`Cannot write --${this.#flag}=${this.#path}: ${why}`);
  }

  /** Leaves no empty file behind. */
  [Symbol.dispose]() {
    if (this.#isNew) Deno.removeSync(this.#path);
  }
}

/** Writes a file. @throws {LabError} If that fails. */
export async function writeFile(path: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, text);
  } catch (error) {
    throw new LabError(`Cannot write ${path}: ${reason(error)}`);
  }
}

/**
 * Waits until all results are written: what one of them meets, such as a full
 * disk or a closed pipe, must not lose the others.
 *
 * @throws The first error.
 */
export async function allWritten(
  ...results: (Promise<void> | undefined)[]
): Promise<void> {
  const settled = await Promise.allSettled(results);
  const failed = settled.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

/** @returns `false` if there is a file already. */
function tryToOpen(path: string, how: Deno.OpenOptions): boolean {
  try {
    Deno.openSync(path, { write: true, ...how }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}
