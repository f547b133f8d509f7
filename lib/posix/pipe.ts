/**
 * Pipes between our children: pipe(2).
 *
 * @module
 */
import { close, O_CLOEXEC } from "./file.ts";
import { errno, libc, SystemError } from "./libc.ts";

/** The two ends of a pipe; a child inherits only the end that it is given. */
export class Pipe implements Disposable {
  /** The descriptor to read from. */
  readonly output: number;
  /** The descriptor to write to. */
  readonly input: number;

  /** @throws {SystemError} `EMFILE`: no descriptor is left. */
  constructor() {
    const ends = new Int32Array(2);
    if (libc().pipe2(ends, O_CLOEXEC) < 0) {
      throw new SystemError("make a pipe", errno());
    }
    [this.output, this.input] = ends;
  }

  [Symbol.dispose](): void {
    close(this.output);
    close(this.input);
  }
}
