/**
 * A round of the soak with a server: clients are killed again and again, hostile
 * ones ask and read nothing. No number may be handed out twice, and no number
 * may be lost but with such a client.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Mechanism, Operations } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { header } from "../message/header.ts";
import { Message, recordOf } from "../message/message.ts";
import { newReplyName, replyAddress } from "../service/reply_channel.ts";
import { Changes } from "./changes.ts";
import { Hostile } from "./hostile.ts";
import { Peer, WAYS } from "./peer.ts";
import { lcg, oneOf, type Random } from "./random.ts";
import { emptyResult, type Result } from "./result.ts";
import { ASKING, type Signal } from "./signals.ts";
import { namesLeft, removeNames } from "./names.ts";

const CLIENTS = 2;
/** How many numbers a client asks for at once. */
const RANGE = 3;
/** How many requests a hostile client makes. */
const HOSTILE_REQUESTS = 3;
/** A client gets up to so many numbers before something happens to it. */
const MOST_NUMBERS = 300;
const STALLED_MS = 60_000;
const MOST_STOPPED_MS = 30;

/** A round. Run it once. */
export class ServiceRound {
  readonly #mechanism: Mechanism;
  readonly #operations: Operations;
  readonly #name: string;
  readonly #signal: AbortSignal;
  readonly #random: Random;
  readonly #changes = new Changes();
  readonly #hostile: Hostile;
  readonly #silent = new AsyncDisposableStack(); // hostile clients' channels
  readonly #clients: Peer[] = [];
  readonly #result = emptyResult();
  #mayLose = 0;

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
    const options = { name, random: this.#random, format: "header" };
    this.#hostile = new Hostile(mechanism, operations, options);
  }

  /** Runs the round. @returns What came of it, even if it was interrupted. */
  async run(kills: number): Promise<Result> {
    const { words } = this.#result;
    const server = this.#start("server", []);
    const running = Array.from({ length: CLIENTS }, () => this.#startClient());
    try {
      while (this.#result.kills < kills) await this.#happen(server, running);
      for (const client of running) await this.#endBy(client, "SIGTERM");
      await this.#silent.disposeAsync();
      this.#hostile[Symbol.dispose]();
      await this.#endBy(server, "SIGTERM");
    } catch (error) {
      if (error instanceof LabError) words.push(error.message);
      else if (!this.#signal.aborted) throw error;
    } finally {
      await this.#silent.disposeAsync();
      this.#hostile[Symbol.dispose]();
      for (const peer of [server, ...running]) peer.signal("SIGKILL");
      await Promise.all([server, ...this.#clients].map(({ ended }) => ended));
      // kill -9 leaves a client's reply channel behind.
      const left = namesLeft(this.#name);
      this.#result.left += left.length;
      if (left.length > this.#result.kills) words.push(`Left: ${left}`);
      await removeNames(this.#name, this.#operations);
    }
    this.#account(server);
    return this.#result;
  }

  #start(part: "server" | "client", args: string[]): Peer {
    const wait = `--wait=${oneOf(this.#random, WAYS)}`;
    const via = `--via=${this.#mechanism.name}`;
    const flags = [via, `--name=${this.#name}`, wait, "--retry=2ms", ...args];
    return new Peer({ part, args: flags, changes: this.#changes });
  }

  #startClient(): Peer {
    const args = [`--count=${RANGE}`, "--requests=1000000", "--timeout=30s"];
    const client = this.#start("client", args);
    this.#clients.push(client);
    return client;
  }

  /** Waits until a client is at work, and lets something happen. */
  async #happen(server: Peer, running: Peer[]): Promise<void> {
    const i = this.#random(CLIENTS);
    const client = running[i];
    const goal = client.moved + 1 + this.#random(MOST_NUMBERS);
    const deserter = () => [server, ...running].find(({ ending }) => ending);
    const over = () => client.moved >= goal || deserter() !== undefined;
    if (!await this.#changes.until(over, STALLED_MS, this.#signal)) {
      throw new LabError(`no number came for ${STALLED_MS / 1000} s`);
    }
    const gone = deserter();
    if (gone) throw new LabError(`by itself ${gone.words}`);
    if (this.#random(2) === 0) await this.#askAndReadNothing();
    await this.#hostile.act();
    const dice = this.#random(100);
    if (dice < 15) {
      server.signal("SIGSTOP");
      await delay(this.#random(MOST_STOPPED_MS), { signal: this.#signal });
      server.signal("SIGCONT");
      this.#result.signals++;
      return;
    }
    await this.#endBy(
      client,
      dice < 30 ? oneOf(this.#random, ASKING) : "SIGKILL",
    );
    running[i] = this.#startClient();
  }

  async #endBy(peer: Peer, by: Signal): Promise<void> {
    peer.signal(by);
    this.#result[by === "SIGKILL" ? "kills" : "signals"]++;
    this.#mayLose += RANGE;
    const wrong = await peer.endsBy(by, this.#signal);
    if (wrong !== undefined) this.#result.words.push(wrong);
  }

  /** A client that never takes an answer. */
  async #askAndReadNothing(): Promise<void> {
    const replyTo = newReplyName(this.#name);
    const address = replyAddress(this.#mechanism, replyTo);
    this.#silent.use(await this.#operations.openReceiver(address));
    await using sender = await this.#operations.openSender({
      name: this.#name,
    });
    for (let seq = 1; seq <= HOSTILE_REQUESTS; seq++) {
      const fields = { type: "request", from: "hostile", to: this.#name };
      const request = Message.of("1", { ...fields, seq, priority: 0, replyTo });
      sender.offer(recordOf(request, header, sender.limit));
      this.#mayLose++;
    }
  }

  /** Compares what the server handed out with what the clients got. */
  #account(server: Peer): void {
    const { words, ...result } = this.#result;
    const got = new Set<number>();
    let repeated = 0;
    for (const number of this.#clients.flatMap(({ read }) => read)) {
      if (got.has(number)) words.push(`${number} was handed out twice`);
      if (got.has(number)) repeated++;
      got.add(number);
    }
    const lost = server.written.filter((number) => !got.has(number)).length;
    if (lost > this.#mayLose) {
      words.push(`${lost} numbers were lost, ${this.#mayLose} may be`);
    }
    for (const { part, errors } of [server, ...this.#clients]) {
      words.push(...errors.map((text) => `${part}: ${text}`));
    }
    Object.assign(this.#result, {
      ...result,
      written: server.written.length,
      read: got.size,
      lost: Math.min(lost, this.#mayLose),
      repeated,
      unexplained: words.length,
    });
  }
}
