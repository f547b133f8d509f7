/**
 * A round of the soak that kills whole labs: each time the parent alone. Its
 * children must end, and nothing may be left behind.
 *
 * @module
 */
import type { Mechanism, Operations } from "../channel/mod.ts";
import { isAlive } from "../posix/process.ts";
import { account } from "./account.ts";
import { IN_A_LAB } from "./allowance.ts";
import { Changes } from "./changes.ts";
import { namesLeft, removeNames } from "./names.ts";
import { FIRST_VALUE, Peer, VALUES_EACH, WAYS } from "./peer.ts";
import { lcg, oneOf, type Random } from "./random.ts";
import { add, emptyResult, type Result } from "./result.ts";
import { ASKING, type Signal } from "./signals.ts";

/** How long (ms) no value may be read before the lab is given up. */
const STALLED_MS = 60_000;
/** How long (ms) the children may take to end, and how often (ms) we look. */
const ORPHANED_MS = 10_000;
const LOOK_MS = 20;
/** A lab reads up to so many values before something happens to it. */
const MOST_VALUES = 2000;

/** A round. Run it once. */
export class LabRound {
  readonly #mechanism: Mechanism;
  readonly #operations: Operations;
  readonly #name: string;
  readonly #signal: AbortSignal;
  readonly #random: Random;
  readonly #changes = new Changes();
  readonly #result = emptyResult();

  /** The same as for a {@linkcode Round}. */
  constructor(
    mechanism: Mechanism,
    operations: Operations,
    { name, seed, signal }: { name: string; seed: number; signal: AbortSignal },
  ) {
    this.#mechanism = mechanism;
    this.#operations = operations;
    this.#name = name;
    this.#signal = signal;
    this.#random = lcg(seed);
  }

  /** Runs the round. @returns What came of it, even if it was interrupted. */
  async run(kills: number): Promise<Result> {
    try {
      while (this.#result.kills < kills) {
        const asked = this.#random(100) < 20;
        await this.#runLab(asked ? oneOf(this.#random, ASKING) : "SIGKILL");
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      await removeNames(this.#name, this.#operations);
    }
    return this.#result;
  }

  async #runLab(by: Signal): Promise<void> {
    const after = 1 + this.#random(MOST_VALUES);
    const words: string[] = [];
    const lab = this.#start();
    try {
      const over = () => lab.moved >= after || lab.ending !== undefined;
      await this.#changes.until(over, STALLED_MS, this.#signal);
      if (lab.moved < after || lab.ending) words.push(`by itself ${lab.words}`);
      lab.signal(by);
      this.#result[by === "SIGKILL" ? "kills" : "signals"]++;
      const wrong = await lab.endsBy(by, this.#signal);
      if (wrong !== undefined) words.push(wrong);
      words.push(...await this.#leftBy(lab));
    } finally {
      lab.killAll(); // a child that is deaf would keep its log open for ever
      await lab.ended;
    }
    this.#add(lab, words);
  }

  #start(): Peer {
    return new Peer({
      part: "lab",
      args: [
        `--via=${this.#mechanism.name}`,
        `--name=${this.#name}`,
        `--from=${FIRST_VALUE}`,
        `--count=${VALUES_EACH}`,
        "--pause=0",
        `--wait=${oneOf(this.#random, WAYS)}`,
        "--retry=2ms",
      ],
      changes: this.#changes,
    });
  }

  /** Waits until nothing is left of a lab. @returns What is left, in words. */
  async #leftBy(lab: Peer): Promise<string[]> {
    let left: string[] = [];
    const latest = performance.now() + ORPHANED_MS;
    do {
      left = lab.pids.filter((pid) => isAlive(pid))
        .map((pid) => `process ${pid}`);
      left.push(...namesLeft(this.#name));
      const never = () => false;
      if (left.length > 0) {
        await this.#changes.until(never, LOOK_MS, this.#signal);
      }
    } while (left.length > 0 && performance.now() < latest);
    return left.map((what) => `${what} was left behind by the lab`);
  }

  #add(lab: Peer, words: string[]): void {
    const found = account(
      [{ values: lab.written, end: "kill -9", consumersBefore: 0 }],
      [{ values: lab.read, end: "kill -9", lost: 0 }],
      IN_A_LAB,
    );
    words.push(...lab.errors, ...lab.strange, ...found.words);
    this.#result.words.push(...words);
    const unexplained = Math.max(found.unexplained, words.length);
    add(this.#result, { ...emptyResult(), ...found, unexplained });
  }
}
