/**
 * What all mechanisms are compared with: the same loops and the same check of
 * every byte, but in one thread. The other side is a function that is called with
 * the message itself, or with a copy of it.
 *
 * @module
 */
import { PENDING, type Receiver, type Sender } from "../channel/mod.ts";
import {
  type Conditions,
  measure,
  type Measured,
  roundTripOf,
  type Subject,
} from "./measure.ts";
import { Check } from "./payload.ts";
import type { Flow, Round } from "./result.ts";
import type { Job } from "./work.ts";

/** Brings bytes to the other side. @returns What arrives there. */
type Carry = (record: Uint8Array) => Uint8Array;

/**
 * A baseline is measured no longer than this: its loops never let the event loop
 * run, so Ctrl-C has to wait for them.
 */
const MAX_SECONDS = 0.2;

/** A channel whose other side is reached by a call. */
class Call implements Sender, Receiver {
  readonly limit = Infinity;
  /** The other side's check of what has arrived. */
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

  /** @param carrier Is called twice: for the way there and for the way back. */
  constructor(name: string, carrier: () => Carry) {
    this.name = name;
    this.#carrier = carrier;
  }

  async roundTrip(conditions: Conditions): Promise<Round["roundTrip"]> {
    const { pinged } = await this.#run(conditions, "ping", 1);
    return roundTripOf(pinged, pinged.cpuSeconds);
  }

  async oneWay(conditions: Conditions, batch: number): Promise<Flow> {
    const { pinged, arrived: count } = await this.#run(
      conditions,
      "flood",
      batch,
    );
    const { seconds, cpuSeconds, memory } = pinged;
    return { count, batch, seconds, cpuSeconds, memory };
  }

  async #run(
    { size, seconds }: Conditions,
    work: Job["work"],
    batch: number,
  ): Promise<{ pinged: Measured; arrived: number }> {
    const call = new Call(size, this.#carrier(), this.#carrier());
    const side = { sender: call, receiver: call, wait: {} };
    const job = { work, size, seconds: Math.min(seconds, MAX_SECONDS), batch };
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

/** A function call, and a copy within one process: memory allows no more. */
export const BASELINES: readonly Subject[] = [
  new Baseline("direct call", () => (record) => record),
  new Baseline("copy", copier),
];
