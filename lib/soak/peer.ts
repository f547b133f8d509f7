/**
 * A process that the soak has started: the real script, and what it has said in
 * its log.
 *
 * @module
 */
import { type Child, type Ending, startProcess } from "../lab/child.ts";
import type { Changes } from "./changes.ts";
import { HALF } from "./hostile.ts";
import { permissionsOf } from "./task.ts";
import { EXIT_CODES, type Signal } from "./signals.ts";

/** The two ends of a channel. */
export type Part = "producer" | "consumer";
/** What a process is, as in `scripts/NAME.ts`. */
export type Kind = Part | "lab" | "server" | "client";

const WRITING = "INFO:process1:Writing ";
const READ = "INFO:process2:Read: ";
/** The numbers that a server hands out, and those that a client gets. */
const RANGE = /^INFO:(?:server:Answered|client:Got) (\d+)(?: to (\d+))?$/;
const PID = /^INFO:\w+:Pid:(\d+)$/;

/** The first of all values: all have 13 digits, so a torn one is noticed. */
export const FIRST_VALUE = 1e12;
/**
 * How many values a producer has. It is killed long before it has no more; but
 * if kill -9 ends the soak itself, producers and consumers end by themselves.
 */
export const VALUES_EACH = 1e6;
/** How the processes wait; not often by spinning, which takes a processor. */
export const WAYS = ["block", "block", "block", "retry", "retry", "spin"];
/** A half message of a hostile peer may stand before it. */
const VALUE = new RegExp(`^(?:${HALF})*(1\\d{12})$`);

const LOST = /^WARNING:process2:(\d+) more values? had come and w/;
const BAD = "ERROR:process2:Cannot read a ";
/** How long (ms) a process may take to end when a signal tells it to. */
const DEAF_MS = 10_000;
/** How many lines are kept, to show them if something is wrong. */
const LINES_KEPT = 5;

/** What a peer runs with. */
export interface PeerOptions {
  part: Kind;
  /** Its flags. */
  args: string[];
  /** Descriptors, if the channel is a pipe. */
  stdin?: number;
  stdout?: number;
  /** Notified when it has said something, and when it has ended. */
  changes: Changes;
}

/** A process, and what it has said. */
export class Peer {
  readonly part: Kind;
  /** The values that it has said to write or hand out, in their order. */
  readonly written: number[] = [];
  /** The values that it has said to have read or got, in their order. */
  readonly read: number[] = [];
  /** Its process id, and those of its children. */
  readonly pids: number[] = [];
  /** What it has said instead of a value. */
  readonly strange: string[] = [];
  /** Values that it has said to be lost with it. */
  lost = 0;
  /** Values that came behind the half message of a hostile peer. */
  spoilt = 0;
  /** Bad messages that it has refused. */
  bad = 0;
  /** Its errors, those about bad messages left out. */
  readonly errors: string[] = [];
  /** Its last lines, those with values left out. */
  readonly lines: string[] = [];
  /** How it has ended, if it has. */
  ending?: Ending;
  /** Resolves when it has ended and all its lines are here. */
  readonly ended: Promise<Ending>;
  readonly #child: Child;
  readonly #changes: Changes;

  constructor({ part, args, stdin, stdout, changes }: PeerOptions) {
    this.part = part;
    this.#changes = changes;
    this.#child = startProcess({
      script: new URL(`../../scripts/${part}.ts`, import.meta.url),
      args,
      permissions: permissionsOf(part),
      stdin,
      stdout,
      onError: (pieces) => this.#listen(pieces),
      newGroup: true, // Ctrl-C is for the soak, which then ends its processes
    });
    this.ended = this.#child.ended.then((ending) => {
      this.ending = ending;
      changes.notify();
      return ending;
    });
  }

  /** How many values it has moved. */
  get moved(): number {
    return this.#writes ? this.written.length : this.read.length;
  }

  get #writes(): boolean {
    return this.part === "producer" || this.part === "server";
  }

  /** How it has ended, and the last line of its log. */
  get words(): string {
    const { died, code } = this.ending ?? { died: "has not ended" };
    const how = died ?? `ended with exit code ${code}`;
    return `the ${this.part} ${how}: ${this.lines.at(-1) ?? ""}`;
  }

  /** Sends a signal; does nothing if the process has ended. */
  signal(name: Deno.Signal): void {
    this.#signal(name, this.#child.pid);
  }

  /** Ends it at once, and its children too: one group of processes, kill(2). */
  killAll(): void {
    const { pid } = this.#child;
    this.#signal("SIGKILL", pid === undefined ? undefined : -pid);
  }

  #signal(name: Deno.Signal, to?: number): void {
    if (this.ending || to === undefined) return;
    try {
      Deno.kill(to, name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /**
   * Waits until the signal that was sent has ended it.
   *
   * @returns What is wrong with its end, in words.
   */
  async endsBy(
    signal: Signal,
    abort: AbortSignal,
  ): Promise<string | undefined> {
    const over = () => this.ending !== undefined;
    if (!await this.#changes.until(over, DEAF_MS, abort)) {
      return `for ${DEAF_MS / 1000} s deaf to ${signal}: ${this.words}`;
    }
    const { code, died } = this.ending ?? {};
    // Before a process has said its Pid, it may not listen to signals yet.
    const deafYet = signal === "SIGKILL" || this.pids.length === 0;
    const good = deafYet && died === `was ended by ${signal}` ||
      signal !== "SIGKILL" && code === EXIT_CODES[signal];
    if (!good) return `after ${signal} ${this.words}`;
  }

  async #listen(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const piece of pieces) {
      const lines = (rest + decoder.decode(piece, { stream: true }))
        .split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
      this.#changes.notify();
    }
  }

  #take(line: string): void {
    if (line.startsWith(WRITING)) return this.#value(line, WRITING);
    if (line.startsWith(READ)) return this.#value(line, READ);
    const [range, first, last = first] = RANGE.exec(line) ?? [];
    if (range !== undefined) {
      const numbers = this.#writes ? this.written : this.read;
      for (let n = Number(first); n <= Number(last); n++) numbers.push(n);
      return;
    }
    this.lines.push(line);
    if (this.lines.length > LINES_KEPT) this.lines.shift();
    const [, pid] = PID.exec(line) ?? [];
    if (pid !== undefined) this.pids.push(Number(pid));
    const [, lost] = LOST.exec(line) ?? [];
    if (lost !== undefined) this.lost += Number(lost);
    if (line.startsWith(BAD)) this.bad++;
    else if (line.startsWith("ERROR:")) this.errors.push(line);
  }

  #value(line: string, says: typeof WRITING | typeof READ): void {
    const text = line.slice(says.length);
    const [, value] = VALUE.exec(text) ?? [];
    if (value === undefined) this.strange.push(text);
    else (says === READ ? this.read : this.written).push(Number(value));
    if (text.startsWith(HALF)) this.spoilt++;
  }
}
