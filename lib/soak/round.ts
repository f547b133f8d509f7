/**
 * A round of the soak: one channel, a producer and a consumer that are killed
 * again and again, and their successors. In the end nothing may be in the
 * channel, and no process, file or kernel object may be left.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Mechanism, Operations } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { Changes } from "./changes.ts";
import { Ends } from "./ends.ts";
import { Hostile } from "./hostile.ts";
import { namesLeft, removeNames } from "./names.ts";
import { type Event, nextEvent } from "./plan.ts";
import { lcg, type Random } from "./random.ts";
import { emptyResult, type Result } from "./result.ts";

/** How long (ms) no value may move before the round is given up. */
const STALLED_MS = 60_000;
/** How long (ms) the last values may take through the channel. */
const DRAIN_MS = 30_000;
/** A hostile peer does something up to so many times before an event. */
const MOST_ACTS = 2;
/** How many values the last producer has. */
const LAST_VALUES = 5;

/** A round. Run it once. */
export class Round {
  readonly #mechanism: Mechanism;
  readonly #operations: Operations;
  readonly #signal: AbortSignal;
  readonly #random: Random;
  readonly #changes = new Changes();
  readonly #ends: Ends;
  readonly #hostile: Hostile;
  readonly #result = emptyResult();

  /**
   * @param name The channel's name.
   * @param seed What the random choices start from.
   * @param signal Ends the round early.
   */
  constructor(
    mechanism: Mechanism,
    operations: Operations,
    { name, seed, signal }: { name: string; seed: number; signal: AbortSignal },
  ) {
    this.#mechanism = mechanism;
    this.#operations = operations;
    this.#signal = signal;
    this.#random = lcg(seed);
    this.#ends = new Ends(mechanism, name, this.#random, this.#changes);
    this.#hostile = new Hostile(mechanism, operations, {
      name,
      random: this.#random,
      format: this.#ends.format,
      pipe: this.#ends.pipe?.input,
    });
  }

  /**
   * Runs the round: so many kills, and what happens between them.
   *
   * @returns What came of it, even if it was interrupted.
   */
  async run(kills: number): Promise<Result> {
    const result = this.#result;
    try {
      await using ends = this.#ends;
      using _hostile = this.#hostile;
      ends.start("consumer");
      ends.start("producer");
      while (result.kills < kills) {
        await this.#happen(nextEvent(this.#random, kills - result.kills), true);
      }
      await this.#drain();
    } catch (error) {
      if (error instanceof LabError) result.words.push(error.message);
      else if (!this.#signal.aborted) throw error;
    } finally {
      await removeNames(this.#ends.name, this.#operations);
    }
    this.#account();
    return result;
  }

  /** Waits until both ends are at work, and lets the event happen. */
  async #happen(
    { parts, after, stoppedMs, by }: Event,
    successors: boolean,
  ): Promise<void> {
    const [result, ends] = [this.#result, this.#ends];
    const target = ends.now(parts[0]);
    const other = ends.now(parts[0] === "producer" ? "consumer" : "producer");
    const before = [target.moved, other.moved];
    await this.#until(
      () => target.moved >= before[0] + after && other.moved > before[1],
      STALLED_MS,
      "no value moved",
    );
    for (let acts = this.#random(MOST_ACTS + 1); acts > 0; acts--) {
      await this.#hostile.act();
    }
    if (stoppedMs !== undefined) {
      result.signals++;
      target.signal("SIGSTOP");
      await delay(stoppedMs, { signal: this.#signal });
      if (by === undefined) target.signal("SIGCONT");
    }
    if (by === undefined) return;
    const ending = parts.map((part) => ends.now(part));
    for (const peer of ending) {
      ends.ends(peer, by === "SIGKILL" ? "kill -9" : "signal");
      peer.signal(by);
      result[by === "SIGKILL" ? "kills" : "signals"]++;
    }
    for (const peer of ending) {
      const wrong = await peer.endsBy(by, this.#signal);
      if (wrong !== undefined) result.words.push(wrong);
    }
    if (parts.length > 1) {
      // Both ends were killed: what is there without them?
      if (namesLeft(ends.name).length > 0) result.left++;
    }
    if (successors) { for (const part of parts) ends.start(part); }
  }

  /** Waits until something is so; all processes must run that should run. */
  async #until(
    isSo: () => boolean,
    atMostMs: number,
    otherwise: string,
  ): Promise<void> {
    const ends = this.#ends;
    const good = await this.#changes.until(
      () => isSo() || ends.deserter !== undefined,
      atMostMs,
      this.#signal,
    );
    const { deserter } = ends;
    if (good && !deserter) return;
    throw new LabError(
      deserter
        ? `by itself ${deserter.words}`
        : `${otherwise} for ${atMostMs / 1000} s: ` +
          `${ends.now("producer").words} / ${ends.now("consumer").words}`,
    );
  }

  /** Lets the last values through, and ends both ends as a user would. */
  async #drain(): Promise<void> {
    const [result, ends] = [this.#result, this.#ends];
    await this.#happen(
      { parts: ["producer"], after: 1, by: "SIGTERM" },
      false,
    );
    this.#hostile[Symbol.dispose]();
    const last = ends.start("producer", LAST_VALUES);
    ends.ends(last, "finished");
    const consumer = ends.now("consumer");
    await this.#until(
      () =>
        last.ending !== undefined &&
        consumer.read.includes(last.written[LAST_VALUES - 1]) &&
        ends.account().unexplained === 0,
      DRAIN_MS,
      "the last values did not come",
    );
    if (last.ending?.code !== 0) result.words.push(last.words);
    ends.ends(consumer, "finished");
    consumer.signal("SIGTERM");
    const wrong = await consumer.endsBy("SIGTERM", this.#signal);
    if (wrong !== undefined) result.words.push(wrong);
    const left = namesLeft(ends.name);
    result.words.push(...left.map((name) => `${name} was left behind`));
  }

  #account(): void {
    const [result, ends] = [this.#result, this.#ends];
    const { words, ...counts } = ends.account();
    Object.assign(result, counts);
    result.words.push(...words);
    for (const peer of [...ends.producers, ...ends.consumers]) {
      result.refused += peer.bad;
      result.spoilt += peer.spoilt;
      for (const text of [...peer.errors, ...peer.strange]) {
        result.words.push(`${peer.part}: ${text}`);
      }
    }
    // Shared memory: a producer may be killed while it copies its record.
    const begun = this.#mechanism.properties.boundaries
      ? ends.killedProducers
      : 0;
    const { refused, spoilt } = result;
    if (refused + spoilt > begun + this.#hostile.messages) {
      result.words.push(`${refused} messages were refused, ${spoilt} spoilt`);
    }
    result.unexplained = Math.max(result.unexplained, result.words.length);
  }
}
