/**
 * A crowd: several producers and consumers on one channel of one mechanism.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import type { CrowdMeasured } from "./crowd_work.ts";
import { Sides } from "./sides.ts";
import type { Flow } from "./result.ts";
import { startCrowd } from "./start.ts";

/** The producers and consumers of one channel. */
export class Crowd extends Sides {
  /**
   * Starts a crowd.
   *
   * @param consumers One, or as many as producers where records stay whole.
   * @throws {LabError} If a side cannot be started or cannot open its channel.
   * @throws The signal's reason, once it is aborted.
   */
  static async start(
    mechanism: Mechanism,
    producers: number,
    consumers: number,
    signal: AbortSignal,
  ): Promise<Crowd> {
    const crowd = new Crowd(mechanism);
    try {
      const there = await crowd.address("there");
      const { common } = crowd;
      const starts = [
        ...Array(consumers).fill({ ...common, from: there }),
        ...Array(producers).fill({ ...common, to: there }),
      ];
      await crowd.join(() => startCrowd(mechanism, starts), signal);
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
    return crowd;
  }

  /**
   * Lets all producers send as much as the channel accepts.
   *
   * @param size Bytes of a message.
   * @throws {LabError} If a message is missing, wrong, or came twice.
   */
  async oneWay(size: number, seconds: number): Promise<Flow> {
    const consumers = this.connections.filter(({ receives }) => receives);
    const producers = this.connections.filter(({ receives }) => !receives);
    const order = { wait: "block", size, seconds } as const;
    const received = consumers.map((consumer) =>
      consumer.order<CrowdMeasured>({
        ...order,
        crowd: "consume",
        producer: producers.length,
        ends: producers.length / consumers.length,
      })
    );
    const sent = producers.map((one, producer) =>
      one.order<CrowdMeasured>({
        ...order,
        crowd: "produce",
        producer,
        ends: 0,
      })
    );
    const [taken, given] = await this.unlessDead(
      Promise.all([Promise.all(received), Promise.all(sent)]),
    );
    this.#compare(given, taken);
    const all = [...given, ...taken];
    return {
      count: taken.reduce((sum, { count }) => sum + count, 0),
      batch: 1,
      seconds: Math.max(...all.map(({ seconds }) => seconds)),
      cpuSeconds: this.cpuSeconds(all),
      memory: all.flatMap(({ memory }) => memory),
    };
  }

  /** Compares what was sent with what has arrived, by count and by sum. */
  #compare(given: CrowdMeasured[], taken: CrowdMeasured[]) {
    for (const [producer, { count }] of given.entries()) {
      const total = (figure: "counts" | "sums") =>
        taken.reduce((sum, one) => sum + one[figure][producer], 0);
      if (
        total("counts") !== count ||
        total("sums") !== count * (count + 1) / 2
      ) {
        throw new LabError(
          `Cannot go on: ${this.name}: of ${count} messages of a producer, ` +
            `${total("counts")} have arrived`,
        );
      }
    }
  }
}
