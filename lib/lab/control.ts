/**
 * Control of a running producer by its standard input, `--control`: one command
 * a line.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { ProcessLog } from "../cli/log.ts";
import { reason } from "../error.ts";
import { parseDuration } from "../wait/duration.ts";

/** Commands that a producer takes while it runs. */
export const CONTROL_WORDS =
  "step (write one value, then wait), go, pause DURATION or interval DURATION";

/** How long a producer rests, in ms. */
export interface Rests {
  /** After every Nth value. */
  pause: number;
  /** Between two values. */
  interval: number;
}

/** Decides when the producer may write, and how long it rests. */
export class Control implements Disposable {
  /** How long it rests now. */
  readonly rests: Rests;
  readonly #log: ProcessLog;
  readonly #abort = new AbortController();
  /** Does each value wait for a step? */
  stepping = false;
  #steps = 0; // that may be made
  #changed = Promise.withResolvers<void>();

  /** @param rests How long it rests, until a command changes it. */
  constructor(
    input: ReadableStream<Uint8Array>,
    rests: Rests,
    log: ProcessLog,
  ) {
    this.rests = { ...rests };
    this.#log = log;
    this.#listen(input);
  }

  async #listen(input: ReadableStream<Uint8Array>) {
    const lines = input.pipeThrough(new TextDecoderStream(), this.#abort)
      .pipeThrough(new TextLineStream(), this.#abort);
    try {
      for await (const line of lines) this.#take(line.trim());
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#log.warn(`Cannot read standard input: ${reason(error)}`);
    }
    this.#take("go"); // nobody can give a step any more
  }

  #take(command: string) {
    const [word, text = ""] = command.split(/ +/);
    const ms = parseDuration(text);
    if (word === "step") {
      this.stepping = true;
      this.#steps++;
    } else if (word === "go") this.stepping = false;
    else if ((word === "pause" || word === "interval") && ms !== undefined) {
      this.rests[word] = ms;
    } else {
      this.#log.warn(`Cannot follow '${command}': it must be ${CONTROL_WORDS}`);
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Rests between two values. A command has its effect at once. */
  async rest(which: keyof Rests, signal?: AbortSignal): Promise<void> {
    const start = performance.now();
    for (;;) {
      const left = start + this.rests[which] - performance.now();
      if (left <= 0 || this.stepping) return;
      const command = new AbortController();
      const over = delay(left, { signal: command.signal });
      await Promise.race([over, this.#wait(signal)])
        .finally(() => command.abort());
    }
  }

  /** Waits until the next value may be written. */
  async turn(signal?: AbortSignal): Promise<void> {
    while (this.stepping && this.#steps === 0) {
      await this.#wait(signal);
    }
    if (this.stepping) this.#steps--;
  }

  /** Resolves when a command has come. @throws The signal's reason. */
  async #wait(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#changed.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
  }
}
