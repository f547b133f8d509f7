/**
 * Where the consumer also writes what it reads.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { delay } from "@std/async/delay";
import { errorCode, LabError, reason } from "../error.ts";
import { isInRunFolder, makeRunFolder } from "../mechanism/run_folder.ts";
import { NEWLINE } from "../message/message.ts";

const FULL_BYTES = 65_536; // how many are gathered before a write
/** How soon (ms) a write to a full, non-blocking standard output is retried. */
const FULL_MS = 5;
/** How long (ms) the last write may take; what is left then is lost. */
const LAST_WRITE_MS = 1000;

/** A file of lines, written in large pieces. */
export class Output implements AsyncDisposable {
  #path: string;
  #file: Pick<Deno.FsFile, "write" | "close">;
  #signal: AbortSignal;
  #buffer = new Uint8Array(2 * FULL_BYTES);
  #used = 0;
  #writing?: Promise<number>;

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
      if (isInRunFolder(path)) makeRunFolder();
      const options = { write: true, create: true, truncate: true };
      const file = await abortable(Deno.open(path, options), signal);
      return new Output(path, file, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof LabError) throw error;
      if (error instanceof Deno.errors.NotCapable) throw outsideRun(path);
      throw new LabError(`Cannot write ${path}: ${reason(error)}`);
    }
  }

  /**
   * Checks whether {@linkcode open} would be permitted. A parent asks before it
   * starts the child that opens the file: so the error comes first.
   *
   * @throws {LabError} If it would not be permitted.
   */
  static check(path: string): void {
    if (path === "-") return;
    const { state } = Deno.permissions.querySync({ name: "write", path });
    if (state !== "granted") throw outsideRun(path);
  }

  /** Adds a line. */
  addLine(body: Uint8Array): void {
    this.#makeRoom(body.length + 1);
    this.#buffer.set(body, this.#used);
    this.#buffer[this.#used + body.length] = NEWLINE;
    this.#used += body.length + 1;
  }

  /** Adds whole lines, which have their newlines. */
  add(lines: Uint8Array): void {
    this.#makeRoom(lines.length);
    this.#buffer.set(lines, this.#used);
    this.#used += lines.length;
  }

  #makeRoom(bytes: number) {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(this.#used + bytes);
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }

  /** Is there enough to make a flush worthwhile? */
  get isFull(): boolean {
    return this.#used >= FULL_BYTES;
  }

  /** Writes what was added. */
  flush(): Promise<void> | undefined {
    if (this.#used > 0) return this.#write(this.#signal);
  }

  async #write(signal: AbortSignal): Promise<void> {
    try {
      while (this.#used > 0) {
        const rest = this.#buffer.subarray(0, this.#used);
        // An abort ends the wait, not the write: never write the same twice.
        this.#writing ??= this.#writeSome(rest);
        const count = await abortable(this.#writing, signal);
        this.#writing = undefined;
        this.#buffer.copyWithin(0, count, this.#used);
        this.#used -= count;
      }
    } catch (error) {
      signal.throwIfAborted();
      const why = errorCode(error) === "EPIPE"
        ? "its reader has closed it"
        : reason(error);
      this.#used = 0;
      throw new LabError(`Cannot write to ${this.#path}: ${why}`);
    }
  }

  /** @returns Bytes written; 0 if standard output is full and `O_NONBLOCK`. */
  async #writeSome(bytes: Uint8Array): Promise<number> {
    try {
      return await this.#file.write(bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await delay(FULL_MS);
      return 0;
    }
  }

  /** Writes what was added, even after an abort, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#used > 0) await this.#write(AbortSignal.timeout(LAST_WRITE_MS));
    } finally {
      this.#file.close();
    }
  }
}

function outsideRun(path: string): LabError {
  return new LabError(
    `Cannot write ${path} as it lies outside run/: use --output=- with > ${path}`,
  );
}
