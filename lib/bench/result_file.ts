import { LabError, reason } from "../error.ts";
import { isInRunFolder, makeRunFolder } from "../mechanism/run_folder.ts";

/**
 * A file that is written when everything is done. It is opened once before, for
 * a run must not be lost because its file cannot be written.
 */
export class ResultFile implements Disposable {
  readonly #path: string;
  #empty: boolean; // is it there only because we have tried?

  /**
   * @param flag Who wants it, for the error.
   * @throws {LabError} If the file cannot be written.
   */
  constructor(flag: string, path: string) {
    this.#path = path;
    if (isInRunFolder(path)) makeRunFolder();
    try {
      this.#empty = tryToOpen(path, { createNew: true });
      if (!this.#empty) tryToOpen(path, { create: true });
    } catch (error) {
      const why = error instanceof Deno.errors.NotCapable
        ? "it lies outside this folder"
        : reason(error);
      throw new LabError(`Cannot write --${flag}=${path}: ${why}`);
    }
  }

  async write(text: string): Promise<void> {
    await Deno.writeTextFile(this.#path, text);
    this.#empty = false;
  }

  /** Nothing was written: then nothing is left. */
  [Symbol.dispose]() {
    if (this.#empty) Deno.removeSync(this.#path);
  }
}

/** @returns `false`: it is there already. */
function tryToOpen(path: string, how: Deno.OpenOptions): boolean {
  try {
    Deno.openSync(path, { write: true, ...how }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}
