/**
 * The two sides of a mechanism and the two channels between them: the messages go
 * there over one and come back over the other.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import {
  type Conditions,
  type Measured,
  roundTripOf,
  type Subject,
} from "./measure.ts";
import type { Flow, Round } from "./result.ts";
import { Sides } from "./sides.ts";
import { startSides } from "./start.ts";
import type { Job } from "./work.ts";

/** The two sides of one mechanism. */
export class Pair extends Sides implements Subject {
  /**
   * Starts both sides.
   *
   * @param capacity Of each channel, in messages, where one can choose.
   * @throws {LabError} If a side cannot be started or cannot open its channels.
   * @throws The signal's reason, once it is aborted.
   */
  static async start(
    mechanism: Mechanism,
    signal: AbortSignal,
    capacity?: number,
  ): Promise<Pair> {
    const pair = new Pair(mechanism);
    try {
      await pair.#start(signal, capacity);
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
    return pair;
  }

  async #start(signal: AbortSignal, capacity?: number) {
    const there = await this.address("there", capacity);
    const back = await this.address("back", capacity);
    // The side that connects first leads; otherwise the two are the same.
    const first = { ...this.common, from: back, to: there };
    const second = { ...this.common, from: there, to: back };
    await this.join(() => startSides(this.mechanism, [first, second]), signal);
  }

  async roundTrip(conditions: Conditions): Promise<Round["roundTrip"]> {
    const measured = await this.#run(conditions, "ping", "echo", 1);
    return roundTripOf(measured[0], this.cpuSeconds(measured));
  }

  async oneWay(conditions: Conditions, batch: number): Promise<Flow> {
    const measured = await this.#run(conditions, "flood", "drain", batch);
    const [sent, { count, seconds }] = measured;
    return {
      count,
      batch,
      // The receiver's clock starts when its first bytes have come, and these may
      // be all there are.
      seconds: Math.max(sent.seconds, seconds),
      cpuSeconds: this.cpuSeconds(measured),
      memory: this.#memory(measured),
    };
  }

  /**
   * Lets the second side wait for a message.
   *
   * @returns What sends the message and ends the wait.
   */
  waitForMessage(): () => Promise<void> {
    const job = { wait: "block", size: 8, seconds: 0, batch: 1 } as const;
    const [first, second] = this.connections;
    const drained = second.order<Measured>({ ...job, work: "drain" });
    drained.catch(() => {}); // whoever ends the wait is told
    return async () => {
      const flooded = first.order<Measured>({ ...job, work: "flood" });
      await this.unlessDead(Promise.all([drained, flooded]));
    };
  }

  #memory(measured: Measured[]): number[] {
    const each = measured.flatMap(({ memory }) => memory);
    const one = this.mechanism.properties.processes === "one";
    return one ? [Math.max(...each)] : each;
  }

  async #run(
    { wait, size, seconds }: Conditions,
    first: Job["work"],
    second: Job["work"],
    batch: number,
  ): Promise<Measured[]> {
    const job = { wait: wait || "block", size, seconds, batch } as const;
    const answers = [first, second].map((work, i) =>
      this.connections[i].order<Measured>({ ...job, work })
    );
    return await this.unlessDead(Promise.all(answers));
  }
}
