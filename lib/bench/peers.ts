/**
 * Builds the peers' programs in a temporary folder, and runs them.
 *
 * @module
 */
import type { ProcessLog } from "../cli/log.ts";
import { LabError, reason } from "../error.ts";
import { makeRunFolder, runPath } from "../mechanism/run_folder.ts";
import { Peer } from "./peer.ts";
import { PEERS, type Program, PROGRAMS } from "./peer_list.ts";

/** A program fails if it takes so much longer (ms) than it should measure. */
const GRACE_MS = 30_000;

/** The built programs. */
export class Peers implements AsyncDisposable {
  /** The peers whose program is there. */
  readonly subjects: Peer[] = [];
  /** The programs that could not be built, and why. */
  readonly leftOut: string[] = [];
  /** Where the programs lie, and what they make: relative, as a socket's path is short. */
  readonly #folder = runPath(`bench.${Deno.pid}.peers`);
  readonly #commands = new Map<Program, readonly string[]>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;

  private constructor(signal: AbortSignal) {
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  /**
   * Builds all programs, and tries them out. The log names each that does not
   * work here, and why.
   *
   * @throws The signal's reason, once it is aborted.
   */
  static async build(log: ProcessLog, signal: AbortSignal): Promise<Peers> {
    const peers = new Peers(signal);
    try {
      makeRunFolder();
      peers.#remove(); // an earlier process with our process id was killed
      Deno.mkdirSync(peers.#folder, { mode: 0o700 });
      for (const [key, program] of Object.entries(PROGRAMS)) {
        await peers.#unlessLeftOut(
          program.name,
          log,
          () => peers.#build(key, program),
        );
      }
      for (const about of PEERS) {
        const program = PROGRAMS[about.program];
        if (!peers.has(program)) continue;
        const peer = new Peer(about, (args, seconds) => {
          const [via, ...job] = args;
          return peers.run(program, [via, peers.folder, ...job], seconds);
        });
        await peers.#unlessLeftOut(about.name, log, async () => {
          await peer.tryOut();
          peers.subjects.push(peer);
        });
      }
    } catch (error) {
      await peers[Symbol.asyncDispose]();
      throw error;
    }
    return peers;
  }

  /** Names what cannot be done, with the reason, and goes on. */
  async #unlessLeftOut(
    name: string,
    log: ProcessLog,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof LabError)) throw error;
      const what = `${name}: ${error.message}`;
      this.leftOut.push(what);
      log.info(`Left out: ${what}`);
    }
  }

  async #build(key: string, program: Program) {
    const source = decodeURIComponent(
      new URL(`./peers/${program.source}`, import.meta.url).pathname,
    );
    const { build, run = [], test = ["--version"] } = program;
    const [command, ...libraries] = build ?? run;
    const output = `${this.#folder}/${key}`;
    await this.output(
      command,
      build ? ["-O2", "-o", output, source, ...libraries] : [...test],
    );
    this.#commands.set(program, build ? [output] : [...run, source]);
  }

  /**
   * Runs a program that was built, in at most `seconds` and some more.
   *
   * @returns What it printed.
   * @throws {LabError} If it fails.
   */
  async run(
    program: Program,
    args: string[],
    seconds: number,
  ): Promise<string> {
    const built = this.#commands.get(program);
    if (!built) {
      throw new LabError(`Cannot run ${program.name}: it is not built`);
    }
    const [command, ...first] = built;
    return await this.output(command, [...first, ...args], seconds);
  }

  /** Is there that program? */
  has(program: Program): boolean {
    return this.#commands.has(program);
  }

  /** Where programs may make what they need, relative to this folder. */
  get folder(): string {
    return this.#folder;
  }

  /** Runs a command. @returns What it printed. @throws {LabError} If it fails. */
  async output(
    command: string,
    args: string[],
    seconds = 0,
  ): Promise<string> {
    this.#signal.throwIfAborted();
    const late = AbortSignal.timeout(seconds * 1000 + GRACE_MS);
    const signal = AbortSignal.any([this.#signal, late]);
    const running = start(command, args, signal);
    this.#running.add(running);
    try {
      const { success, stdout, stderr } = await running;
      if (success) return new TextDecoder().decode(stdout);
      this.#signal.throwIfAborted();
      const said = new TextDecoder().decode(stderr).trim();
      if (late.aborted && said === "") {
        throw new LabError(`${command} did not end`);
      }
      throw new LabError(whyItFailed(said)); // one side may wait for the other
    } finally {
      this.#running.delete(running);
    }
  }

  async [Symbol.asyncDispose]() {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
    this.#remove();
  }

  #remove() {
    try {
      Deno.removeSync(this.#folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function start(
  command: string,
  args: string[],
  signal: AbortSignal,
): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(command, {
      args,
      stdin: "null",
      signal, // ends it by SIGTERM
      env: { NO_COLOR: "1" },
    }).output();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "it is not installed"
      : reason(error);
    throw new LabError(`cannot start ${command}: ${why}`);
  }
}

/** The line that says what went wrong: a compiler prints many. */
function whyItFailed(stderr: string): string {
  const lines = stderr.split("\n");
  const line = lines.find((line) => /error|cannot find/i.test(line)) ??
    lines.at(-1) ?? "it failed";
  return line.replace(/^.*?(fatal error|error): /, "").trim();
}
