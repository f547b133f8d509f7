/**
 * Anybody's program on a terminal of its own, watched from outside: its lines,
 * its processes, and what lies between them.
 *
 * @module
 */
import type { Entry } from "../observe/recording.ts";
import { descendantsOf } from "../observe/processes.ts";
import { Watcher } from "../observe/watcher.ts";
import { read } from "../posix/file.ts";
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
    const alive = new Set([this.#actor.pid, ...descendantsOf(this.#actor.pid)]);
    for (const pid of alive) this.#join(pid, "");
    for (const pid of this.#family) if (!alive.has(pid)) this.#leave(pid);
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
  #leave(pid: number) {
    this.#family.delete(pid);
    this.#watcher.remove(pid);
    const time = new Date().toISOString();
    this.#tell({ time, event: "end", pid, how: "its parent knows how" });
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
    clearInterval(this.#timer);
    // The terminal is hung up now, and holds a few thousand bytes at most.
    for (let i = 0; i < PIECES_AT_ONCE && this.#readLines(); i++);
    if (this.#rest !== "") this.#tell(this.#lines.read(this.#rest));
    const time = new Date().toISOString();
    this.#tell({ time, event: "end", pid: this.#actor.pid, how });
    this.#watcher.remove(this.#actor.pid);
  }

  /** Sends a signal to one of its processes. @returns `false`: it is none. */
  signal(pid: unknown, signal: PageSignal): boolean {
    const ours = pid === this.#actor.pid && this.#actor.isRunning ||
      descendantsOf(this.#actor.pid).some((child) => child === pid);
    if (!ours || typeof pid !== "number") return false;
    if (!sendSignal(pid, signal)) return false; // it has just ended
    const time = new Date().toISOString();
    this.#tell({ time, event: "signal", pid, signal });
    return true;
  }

  /** Ends it and all its processes. */
  async end(): Promise<void> {
    for (const pid of descendantsOf(this.#actor.pid)) {
      this.signal(pid, "SIGKILL");
    }
    this.#actor.kill();
    await this.#actor.ended;
    this.#watcher[Symbol.dispose]();
    this.#terminal[Symbol.dispose]();
  }
}
