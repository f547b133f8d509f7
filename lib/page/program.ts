/**
 * Anybody's program on a terminal of its own, watched from outside: its lines,
 * its processes, and what lies between them.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import type { Entry } from "../observe/recording.ts";
import { childrenOf } from "../observe/processes.ts";
import { Watcher } from "../observe/watcher.ts";
import { read } from "../posix/file.ts";
import { isAlive } from "../posix/process.ts";
import { Terminal } from "../posix/terminal.ts";
import { sendSignal } from "../lab/child.ts";
import { Actor, type PageSignal } from "./actor.ts";
import { MOST_CHARACTERS } from "./events.ts";
import { TerminalLines } from "./terminal_line.ts";

/** How often (ms) the terminal is read, and the family looked at. */
const TICK_MS = 50;
/**
 * How many lines are told at a look. A program that prints faster waits in
 * write(2), as at a slow terminal, and everything else here goes on.
 */
const LINES_AT_ONCE = 500;
/** How many pieces are read at a look: some programs print no newline. */
const PIECES_AT_ONCE = 64;
/** How long (ms) killed processes may take to end: some cannot be killed. */
const ENDING_MS = 1000;

/** A program that runs. */
export class Program {
  readonly #actor: Actor;
  readonly #terminal = new Terminal();
  readonly #lines: TerminalLines;
  readonly #watcher: Watcher;
  readonly #tell: (entry: Entry) => void;
  readonly #family = new Set<number>();
  readonly #buffer = new Uint8Array(4096); // a terminal holds no more
  readonly #decoder = new TextDecoder();
  readonly #timer: ReturnType<typeof setInterval>;
  #rest = "";

  /** Starts it. @param command The program and its arguments. */
  constructor(command: readonly string[], tell: (entry: Entry) => void) {
    this.#tell = tell;
    this.#watcher = new Watcher(tell);
    const { program: end } = this.#terminal;
    this.#actor = new Actor({
      part: "program",
      // Its terminal goes with us, and SIGHUP then ends its children.
      command: ["setsid", "--ctty", ...command],
      stdin: end,
      stdout: end,
      stderr: end,
      onEnd: (how) => this.#ended(how),
    });
    this.#terminal.closeProgram();
    this.#lines = new TerminalLines(this.#actor.pid);
    this.#join(this.#actor.pid, command.join(" "));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick() {
    this.#readLines();
    this.#lookAtFamily();
  }

  /** An orphan stays in the family: its parent has ended, and it has not. */
  #lookAtFamily() {
    // This loop reaches those that join meanwhile, too: a Set has them last.
    for (const pid of this.#family) {
      for (const child of childrenOf(pid)) {
        // A zombie has ended, though its parent has not waited for it yet.
        if (isAlive(child)) this.#join(child, "");
      }
    }
    for (const pid of this.#descendants) if (!isAlive(pid)) this.#leave(pid);
    if (this.#family.size === 0) clearInterval(this.#timer);
  }

  /** All but the program itself: how that has ended, we are told. */
  get #descendants(): number[] {
    return [...this.#family].filter((pid) => pid !== this.#actor.pid);
  }

  #join(pid: number, command: string) {
    if (this.#family.has(pid)) return;
    this.#family.add(pid);
    const time = new Date().toISOString();
    const process = { pid, logger: "", part: "program", command };
    this.#tell({ time, event: "process", ...process });
    this.#watcher.add(pid);
  }

  /** Only its parent learns how it has ended. */
  #leave(pid: number, how = "its parent knows how") {
    this.#family.delete(pid);
    this.#watcher.remove(pid);
    const time = new Date().toISOString();
    this.#tell({ time, event: "end", pid, how });
  }

  /** @returns Is there more to read? */
  #readLines(): boolean {
    let told = 0;
    for (let i = 0; i < PIECES_AT_ONCE && told < LINES_AT_ONCE; i++) {
      const count = read(this.#terminal.fd, this.#buffer);
      // EAGAIN: nothing is there; EIO: nobody has the program's end open.
      if (count <= 0) return false;
      const piece = this.#buffer.subarray(0, count);
      this.#rest += this.#decoder.decode(piece, { stream: true });
      const lines = this.#rest.split("\n");
      // The end of a line that is too long is shown nowhere.
      this.#rest = (lines.pop() ?? "").slice(0, MOST_CHARACTERS);
      for (const line of lines) this.#tell(this.#lines.read(line));
      told += lines.length;
    }
    return true;
  }

  #ended(how: string) {
    // The terminal is hung up now, and holds a few thousand bytes at most.
    for (let i = 0; i < PIECES_AT_ONCE && this.#readLines(); i++);
    if (this.#rest !== "") this.#tell(this.#lines.read(this.#rest));
    this.#lookAtFamily(); // its children may have ended just before it
    this.#leave(this.#actor.pid, how);
  }

  /** Sends a signal to one of its processes. @returns `false`: it is none. */
  signal(pid: unknown, signal: PageSignal): boolean {
    if (typeof pid !== "number" || !this.#family.has(pid)) return false;
    if (!sendSignal(pid, signal)) return false; // it has just ended
    const time = new Date().toISOString();
    this.#tell({ time, event: "signal", pid, signal });
    return true;
  }

  /** Ends it and all its processes that were seen. */
  async end(): Promise<void> {
    this.#lookAtFamily();
    this.#actor.kill();
    await this.#actor.ended;
    const latest = performance.now() + ENDING_MS;
    while (this.#family.size > 0 && performance.now() < latest) {
      for (const pid of this.#family) sendSignal(pid, "SIGKILL");
      await delay(1);
      this.#lookAtFamily(); // and at what they have started before that
    }
    clearInterval(this.#timer);
    this.#watcher[Symbol.dispose]();
    this.#terminal[Symbol.dispose]();
  }
}
