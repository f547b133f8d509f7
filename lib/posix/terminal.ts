/**
 * Pseudo-terminals, pty(7): a program that writes to one behaves as it does
 * before a person.
 *
 * @module
 */
import { close, O_NONBLOCK, O_RDWR, open, write } from "./file.ts";
import { errno, libc, SystemError } from "./libc.ts";

const TIOCSPTLCK = 0x4004_5431n; // <asm-generic/ioctls.h>
const TIOCGPTN = 0x8004_5430n;
const O_NOCTTY = 0o400;

/** A pseudo-terminal: our end, and the end of the program. */
export class Terminal implements Disposable {
  /** Our end, never waits: read(2) gives what the program writes. */
  readonly fd: number;
  /** The program's end, for its standard input, output and error. */
  readonly program: number;
  #programOpen = true;

  /** @throws {SystemError} If the machine has no /dev/ptmx, or no more of it. */
  constructor() {
    const fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) throw new SystemError("open /dev/ptmx", -fd);
    this.fd = fd;
    const word = new Int32Array(1);
    const { ioctl } = libc();
    if (ioctl(fd, TIOCSPTLCK, word) < 0 || ioctl(fd, TIOCGPTN, word) < 0) {
      const error = errno();
      close(fd);
      throw new SystemError("open a terminal", error);
    }
    this.program = open(`/dev/pts/${word[0]}`, O_RDWR | O_NOCTTY);
    if (this.program >= 0) return;
    close(fd);
    throw new SystemError(`open /dev/pts/${word[0]}`, -this.program);
  }

  /** Types Ctrl-D: a program that reads its input finds the end. */
  typeEnd(): void {
    write(this.fd, Uint8Array.of(4));
  }

  /** Closes our copy of the program's end: then its exit is the end, EIO. */
  closeProgram(): void {
    if (this.#programOpen) close(this.program);
    this.#programOpen = false;
  }

  [Symbol.dispose](): void {
    this.closeProgram();
    close(this.fd);
  }
}
