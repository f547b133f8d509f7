/**
 * Where the consumer also writes what it reads.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { errorCode, LabError } from "../error.ts";
import type { Message } from "../message/message.ts";
import { reason } from "../mechanism/run_folder.ts";

const SIZE = 65_536; // bytes gathered before they are written

/** A file of lines, written in large pieces. */
export class Output implements Disposable {
  #path: string;
  #file: Pick<Deno.FsFile, "write" | "close">;
  #buffer = new Uint8Array(SIZE);
  #used = 0;

  #signal: AbortSignal;

  private constructor(
    path: string,
    file: Pick<Deno.FsFile, "write" | "close">,
    signal: AbortSignal,
  ) {
    this.#path = path;
    this.#file = file;
    this.#signal = signal;
  }

  /**
   * @param path A path, or `-` for standard output.
   * @throws {LabError} If the file cannot be written.
   */
  static async open(path: string, signal: AbortSignal): Promise<Output> {
    if (path === "-") return new Output("standard output", Deno.stdout, signal);
    try {
      const options = { write: true, create: true, truncate: true };
      const file = await abortable(Deno.open(path, options), signal);
      return new Output(path, file, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Deno.errors.NotCapable) throw outside(path);
      throw new LabError(`Cannot write ${path}: ${reason(error)}`);
    }
  }

  /**
   * For one who lets another open it: it is too late to say so then.
   *
   * @throws {LabError} If nobody here may write there.
   */
  static check(path: string): void {
    if (path === "-") return;
    const { state } = Deno.permissions.querySync({ name: "write", path });
    if (state !== "granted") throw outside(path);
  }

  /** Adds a line; `true`: flush before the next one. */
  add({ bytes, start, end, count }: Message): boolean {
    const size = end - start + 1;
    if (this.#used + size > this.#buffer.length) {
      const larger = new Uint8Array(this.#used + size);
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    const buffer = this.#buffer;
    let at = this.#used;
    if (count > 1) {
      buffer.set(bytes.subarray(start, end), at);
      at += end - start;
    } else { // on one short line a loop beats set(subarray())
      for (let i = start; i < end; i++) buffer[at++] = bytes[i];
    }
    buffer[at++] = 10;
    this.#used = at;
    return at > SIZE - 4096;
  }

  /** Writes what was added. */
  async flush(): Promise<void> {
    if (this.#used === 0) return;
    try {
      for (let at = 0; at < this.#used;) {
        const rest = this.#buffer.subarray(at, this.#used);
        at += await abortable(this.#file.write(rest), this.#signal);
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      const why = errorCode(error) === "EPIPE"
        ? "its reader has closed it"
        : reason(error);
      throw new LabError(`Cannot write to ${this.#path}: ${why}`);
    }
    this.#used = 0;
    if (this.#buffer.length > SIZE) this.#buffer = new Uint8Array(SIZE);
  }

  [Symbol.dispose]() {
    this.#file.close();
  }
}

function outside(path: string): LabError {
  return new LabError(
    `Cannot write ${path}: it lies outside run/: use --output=- with > ${path}`,
  );
}
