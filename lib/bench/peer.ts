/**
 * A peer as something that can be measured: its program runs anew for each
 * figure.
 *
 * @module
 */
import { LabError } from "../error.ts";
import {
  type Conditions,
  type Measured,
  roundTripOf,
  type Subject,
} from "./measure.ts";
import type { PeerAbout } from "./peer_list.ts";
import type { Flow, Round, Waiting } from "./result.ts";

/**
 * Runs the peer's program.
 *
 * @param args `via`, the work, bytes of a message, seconds, messages of a write.
 * @param seconds How long it measures.
 * @returns What it printed.
 */
type RunProgram = (args: string[], seconds: number) => Promise<string>;

/** What one program measures. */
export class Peer implements Subject {
  readonly name: string;
  readonly limit: number;
  readonly wait: Waiting;
  readonly #about: PeerAbout;
  readonly #run: RunProgram;

  constructor(about: PeerAbout, run: RunProgram) {
    this.name = about.name;
    this.limit = about.limit ?? Infinity;
    this.wait = about.wait;
    this.#about = about;
    this.#run = run;
  }

  async roundTrip(conditions: Conditions): Promise<Round["roundTrip"]> {
    const measured = await this.#measureOrFail("ping", conditions, 1);
    return roundTripOf(measured, measured.cpuSeconds);
  }

  async oneWay(conditions: Conditions, batch: number): Promise<Flow> {
    const measured = await this.#measureOrFail("flood", conditions, batch);
    const { count, seconds, cpuSeconds, memory } = measured;
    return { count, batch, seconds, cpuSeconds, memory };
  }

  /** Makes one round trip: the machine may lack what the program needs. */
  async tryOut(): Promise<void> {
    await this.#measure("ping", { wait: "", size: 8, seconds: 0.001 }, 1);
  }

  async #measureOrFail(
    work: "ping" | "flood",
    conditions: Conditions,
    batch: number,
  ): Promise<Measured> {
    try {
      return await this.#measure(work, conditions, batch);
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      throw new LabError(`Cannot go on: ${this.name}: ${error.message}`);
    }
  }

  async #measure(
    work: "ping" | "flood",
    { size, seconds }: Conditions,
    batch: number,
  ): Promise<Measured> {
    const numbers = [size, seconds, batch].map(String);
    const args = [this.#about.via, work, ...numbers];
    return JSON.parse(await this.#run(args, seconds));
  }
}
