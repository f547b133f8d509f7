/**
 * Hostile peers: they open an end and leave, write garbage, stop half way in a
 * message, write as much as fits, or open an end and do nothing. They are this
 * process, which opens the kernel's objects as any other program could.
 *
 * @module
 */
import type { Mechanism, Operations } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import {
  close,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  open,
  write,
} from "../posix/file.ts";
import { connectTo } from "../posix/socket.ts";
import { oneOf, type Random } from "./random.ts";

/** The beginning of a message that never goes on; a digit may follow. */
export const HALF = "half";

/** A line that is not UTF-8: 100 bytes. */
const GARBAGE_LINE = new Uint8Array(100).fill(0xff).with(-1, 10);
/** As many of them as the kernel writes in one piece, pipe(7). */
const GARBAGE_LINES = 40;
const GARBAGE = new Uint8Array(GARBAGE_LINES * GARBAGE_LINE.length)
  .map((_, i) => GARBAGE_LINE[i % GARBAGE_LINE.length]);
/** A flood has at most so many pieces: a consumer may be reading them. */
const FLOOD_PIECES = 30;

const ACTS = ["probe", "garbage", "half", "flood", "idle"] as const;

/** The hostile peers of one channel. */
export class Hostile implements Disposable {
  /** Bad messages that they have written at most. */
  messages = 0;
  readonly #mechanism: Mechanism;
  readonly #operations: Operations;
  readonly #name: string;
  readonly #random: Random;
  readonly #shared: boolean;
  /** The pipe's end to write to. */
  readonly #pipe?: number;
  readonly #idle: number[] = [];

  /**
   * @param options.shared Does a half message or garbage spoil the next message
   * of another sender? Over one stream it does; then only what the line format
   * can bear is written.
   */
  constructor(
    mechanism: Mechanism,
    operations: Operations,
    { name, random, format, pipe }: {
      name: string;
      random: Random;
      format: string;
      pipe?: number;
    },
  ) {
    this.#mechanism = mechanism;
    this.#operations = operations;
    this.#name = name;
    this.#random = random;
    // Of two senders to one stream, the bytes of one follow those of the other.
    this.#shared = ["fifo", "pipe"].includes(mechanism.name) &&
      format === "header";
    this.#pipe = pipe;
  }

  /** One of them does something. */
  async act(): Promise<void> {
    const act = oneOf(this.#random, ACTS);
    if (this.#shared && !["probe", "idle"].includes(act)) return;
    if (this.#mechanism.properties.boundaries) await this.#send(act);
    else this.#open(act);
  }

  /** Opens a stream's end as any program could. */
  #open(act: typeof ACTS[number]): void {
    const toRead = this.#mechanism.name === "fifo" && this.#random(2) === 0 &&
      (act === "probe" || act === "idle");
    const fd = this.#openEnd(toRead);
    if (fd === undefined) return; // nobody reads there
    if (act === "idle") {
      this.#idle.push(fd);
      return;
    }
    if (act === "garbage") this.#write(fd, GARBAGE, GARBAGE_LINES);
    if (act === "half") this.#write(fd, new TextEncoder().encode(HALF), 1);
    if (act === "flood") {
      for (let i = 0; i < FLOOD_PIECES; i++) {
        this.#write(fd, GARBAGE, GARBAGE_LINES);
      }
    }
    close(fd);
  }

  #openEnd(toRead: boolean): number | undefined {
    const { name: via } = this.#mechanism;
    if (via === "socket") {
      const fd = connectTo(`run/${this.#name}.sock`);
      return typeof fd === "number" ? fd : undefined;
    }
    const path = this.#pipe === undefined
      ? `run/${this.#name}.fifo`
      : `/proc/self/fd/${this.#pipe}`;
    const fd = open(path, O_NONBLOCK | (toRead ? O_RDONLY : O_WRONLY));
    return fd < 0 ? undefined : fd;
  }

  /** Writes without waiting: what does not fit is left out. */
  #write(fd: number, bytes: Uint8Array, messages: number): void {
    if (write(fd, bytes) > 0) this.messages += messages + 1;
  }

  /** Sends records through an end of the mechanism. */
  async #send(act: typeof ACTS[number]): Promise<void> {
    try {
      await using sender = await this.#operations.openSender({
        name: this.#name,
      });
      const record = act === "half"
        ? new TextEncoder().encode(HALF)
        : GARBAGE_LINE;
      const count = { probe: 0, idle: 0, half: 1, garbage: 1, flood: 100 }[act];
      for (let i = 0; i < count; i++) {
        if (sender.offer(record) === true) this.messages++;
      }
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
    }
  }

  /** Closes the ends that did nothing. */
  [Symbol.dispose](): void {
    for (const fd of this.#idle.splice(0)) close(fd);
  }
}
