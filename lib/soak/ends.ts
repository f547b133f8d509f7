/**
 * The producers and consumers of one channel: at each end one after the other.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import { Pipe } from "../posix/pipe.ts";
import { type Account, account, type End } from "./account.ts";
import { allowanceOf } from "./allowance.ts";
import type { Changes } from "./changes.ts";
import { FIRST_VALUE, type Part, Peer, VALUES_EACH, WAYS } from "./peer.ts";
import { oneOf, type Random } from "./random.ts";

/** The processes at both ends, those that have ended included. */
export class Ends implements AsyncDisposable {
  /** The channel's name. */
  readonly name: string;
  readonly producers: Peer[] = [];
  readonly consumers: Peer[] = [];
  readonly #mechanism: Mechanism;
  readonly #random: Random;
  readonly #changes: Changes;
  /** How a message lies on the wire. */
  readonly format: string;
  /** A pipe has no name: this process makes it, and keeps it for successors. */
  readonly pipe?: Pipe;
  readonly #ended = new Map<Peer, End>();
  readonly #consumersBefore = new Map<Peer, number>();

  constructor(
    mechanism: Mechanism,
    name: string,
    random: Random,
    changes: Changes,
  ) {
    this.name = name;
    this.#mechanism = mechanism;
    this.#random = random;
    this.#changes = changes;
    this.format = oneOf(random, ["line", "header"]);
    if (mechanism.name === "pipe") this.pipe = new Pipe();
  }

  /** Starts a process. @param count How many values a producer has. */
  start(part: Part, count = VALUES_EACH): Peer {
    const { name: via } = this.#mechanism;
    const args = [
      `--via=${via}`,
      `--name=${this.name}`,
      `--wait=${oneOf(this.#random, WAYS)}`,
      "--retry=2ms",
      `--format=${this.format}`,
    ];
    if (part === "producer") {
      const from = FIRST_VALUE + this.producers.length * VALUES_EACH;
      args.push(`--from=${from}`, `--count=${count}`, "--pause=0");
    } else args.push(`--count=${FIRST_VALUE}`);
    const peer = new Peer({
      part,
      args,
      stdin: part === "consumer" ? this.pipe?.output : undefined,
      stdout: part === "producer" ? this.pipe?.input : undefined,
      changes: this.#changes,
    });
    this.#consumersBefore.set(peer, this.consumers.length);
    (part === "producer" ? this.producers : this.consumers).push(peer);
    return peer;
  }

  /** The process that is at that end now. */
  now(part: Part): Peer {
    const all = part === "producer" ? this.producers : this.consumers;
    return all[all.length - 1];
  }

  /** Remembers how a process is about to end. */
  ends(peer: Peer, end: End): void {
    this.#ended.set(peer, end);
  }

  /** How many producers kill -9 has ended. */
  get killedProducers(): number {
    return this.producers
      .filter((peer) => this.#ended.get(peer) === "kill -9").length;
  }

  /** The process that has ended and was not to end, if there is one. */
  get deserter(): Peer | undefined {
    return [this.now("producer"), this.now("consumer")]
      .find((peer) => peer?.ending && !this.#ended.has(peer));
  }

  /** Accounts for every value so far. */
  account(): Account {
    return account(
      this.producers.map((peer) => ({
        values: peer.written,
        end: this.#ended.get(peer) ?? "signal", // it still writes
        consumersBefore: this.#consumersBefore.get(peer) ?? 0,
      })),
      this.consumers.map((peer) => ({
        values: peer.read,
        end: this.#ended.get(peer) ?? "finished",
        lost: peer.lost,
      })),
      allowanceOf(this.#mechanism),
    );
  }

  /** Ends what still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.producers, ...this.consumers];
    for (const peer of all) peer.signal("SIGKILL");
    await Promise.all(all.map(({ ended }) => ended));
    this.pipe?.[Symbol.dispose]();
  }
}
