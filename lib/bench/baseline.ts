/**
 * What all mechanisms are compared with: the same loops and the same check of
 * every byte, but nobody else there. The other side is a function that is
 * called, and that gets the message itself, or a copy of it.
 *
 * @module
 */
import { PENDING, type Receiver, type Sender } from "../channel/mod.ts";
import {
  measure,
  type Measured,
  roundTripOf,
  type Subject,
  type Task,
} from "./measure.ts";
import { Check } from "./payload.ts";
import type { Flow, Round } from "./result.ts";
import type { Job } from "./work.ts";

/** How bytes come to the other side. */
type Carry = (record: Uint8Array) => Uint8Array;

/** Seconds that measure it well enough: meanwhile nobody hears Ctrl-C. */
const ENOUGH = 0.2;

/** A channel whose other side is reached by a call. */
class Call implements Sender, Receiver {
  readonly limit = Infinity;
  /** What the other side has seen. */
  readonly check: Check;
  readonly #there: Carry;
  readonly #back: Carry;
  #arrived?: Uint8Array;

  constructor(size: number, there: Carry, back: Carry) {
    this.check = new Check(size);
    this.#there = there;
    this.#back = back;
  }

  offer(record: Uint8Array): true {
    this.#arrived = this.#there(record);
    this.check.take(this.#arrived);
    return true;
  }

  poll() {
    return this.#arrived ? this.#back(this.#arrived) : PENDING;
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  readable(): Promise<void> {
    return Promise.resolve();
  }
}

class Baseline implements Subject {
  readonly name: string;
  readonly limit = Infinity;
  readonly #carrier: () => Carry;

  /** @param carrier Makes the way there, and the way back. */
  constructor(name: string, carrier: () => Carry) {
    this.name = name;
    this.#carrier = carrier;
  }

  async roundTrip(task: Task): Promise<Round["roundTrip"]> {
    const { pinged } = await this.#run(task, "ping", 1);
    return roundTripOf(pinged);
  }

  async oneWay(task: Task, batch: number): Promise<Flow> {
    const { pinged, arrived: count } = await this.#run(task, "flood", batch);
    const { seconds, cpuSeconds } = pinged;
    return { count, batch, seconds, cpuSeconds };
  }

  async #run(
    { size, seconds }: Task,
    work: Job["work"],
    batch: number,
  ): Promise<{ pinged: Measured; arrived: number }> {
    const call = new Call(size, this.#carrier(), this.#carrier());
    const side = { sender: call, receiver: call, wait: {} };
    const job = { work, size, seconds: Math.min(seconds, ENOUGH), batch };
    const pinged = await measure(side, job);
    return { pinged, arrived: call.check.last };
  }
}

function copier(): Carry {
  let copy = new Uint8Array(0);
  return (record) => {
    if (copy.length !== record.length) copy = new Uint8Array(record.length);
    copy.set(record);
    return copy;
  };
}

/** A function call, and a copy within one process: the memory's limit. */
export const BASELINES: readonly Subject[] = [
  new Baseline("direct call", () => (record) => record),
  new Baseline("copy", copier),
];
