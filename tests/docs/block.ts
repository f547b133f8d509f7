/**
 * Types a block of commands as a reader would, into as many shells as it names,
 * and gives back what each shell shows.
 *
 * A block for several shells goes from step to step, in the page's order:
 *
 *     # shell 1
 *     deno task consumer
 *     # shell 2, when shell 1 says "Data not available"
 *     deno task producer
 *
 * A Pid in a command, as in `kill -9 18599`, is one that the page's output
 * shows. The Pid of the same process in this run is typed in its place.
 *
 * @module
 */
import { assert } from "@std/assert";
import { freshName, leftovers, Running } from "../scripts.ts";

/** A block of a page: its commands, and the output that the page shows. */
export interface Block {
  commands: string;
  shown: string;
}

/** What was typed, and what came of it. */
export interface Run {
  /** The lines of each shell, by its number. */
  shells: Map<number, string[]>;
  /** The commands with the Pids of this run. */
  commands: string;
  /** Files and segments that the block has left behind. */
  leftovers: string[];
}

/** Commands for one shell, and what to wait for before they are typed. */
interface Step {
  shell: number;
  when?: { shell: number; says: string; times: number };
  commands: string;
}

/** Seconds after which a block is ended: then something is wrong. */
const LONGEST = 120;
/** Where the name of a channel stands: these get a name of this run's own. */
const NAMED = /(run\/|ipc-lab-\$UID\.|Reply-To: )(?=(?:lab|server)\b)/g;
const TASK = /(deno task (?:producer|consumer|lab|remove|(server|client))\b)/g;
const STEP = /^# shell (\d+)(?:, when shell (\d+) says "(.*)"( twice)?)?\n/gm;
const PID = /(?<=kill -\w+ |server\.)\d+/g;

/** The lines that the page shows, by shell. */
export function shownLines({ shown }: Block): Map<number, string[]> {
  const [first, ...parts] = shown.trimEnd().split(/^# shell (\d+)\n/m);
  const shells = new Map<number, string[]>();
  if (first !== "") shells.set(1, first.split("\n"));
  for (let i = 0; i < parts.length; i += 2) {
    const lines = parts[i + 1].trimEnd();
    shells.set(Number(parts[i]), lines === "" ? [] : lines.split("\n"));
  }
  return shells;
}

/** Types a block's commands, and waits until all shells have ended. */
export async function runBlock(block: Block): Promise<Run> {
  // A fresh name for each run, so that blocks and suites can run side by side.
  const prefix = `${freshName()}-`;
  const shells = new Map<number, Shell>();
  const pids = new Map<string, string>();
  try {
    for (const { shell, when, commands } of stepsOf(block.commands)) {
      if (when) await shells.get(when.shell)?.saw(when.says, when.times);
      for (const [pid] of commands.matchAll(PID)) {
        pids.set(pid, await pidInThisRun(pid, block, shells));
      }
      if (!shells.has(shell)) shells.set(shell, new Shell());
      const typed = withPids(commands, pids)
        .replace(NAMED, `$1${prefix}`)
        .replace(
          TASK,
          (task, _, serves) =>
            `${task} --name=${prefix}${serves ? "server" : "lab"}`,
        );
      shells.get(shell)?.type(typed);
    }
    const outputs = new Map<number, string[]>();
    for (const [number, shell] of [...shells].sort(([a], [b]) => a - b)) {
      const lines = await shell.ended();
      const usual = (line: string) =>
        line.replace(` --name=${prefix}lab`, "").replaceAll(prefix, "");
      outputs.set(number, lines.map(usual));
    }
    return {
      shells: outputs,
      commands: withPids(block.commands, pids),
      leftovers: [
        ...leftovers(`${prefix}lab`),
        ...leftovers(`${prefix}server`),
      ],
    };
  } finally {
    for (const shell of shells.values()) await shell.end();
  }
}

function stepsOf(commands: string): Step[] {
  const [first, ...parts] = commands.split(STEP);
  if (parts.length === 0) return [{ shell: 1, commands }];
  assert(first === "", `Commands before the first shell: ${first}`);
  const steps: Step[] = [];
  for (let i = 0; i < parts.length; i += 5) {
    const [shell, other, says, twice, commands] = parts.slice(i, i + 5);
    const when = other
      ? { shell: Number(other), says, times: twice ? 2 : 1 }
      : undefined;
    steps.push({ shell: Number(shell), when, commands });
  }
  return steps;
}

function withPids(commands: string, pids: Map<string, string>): string {
  return commands.replace(PID, (pid) => pids.get(pid) ?? pid);
}

/** The Pid in this run of the process that has a Pid on the page. */
async function pidInThisRun(
  pid: string,
  block: Block,
  shells: Map<number, Shell>,
): Promise<string> {
  for (const [number, lines] of shownLines(block)) {
    const at = lines.findIndex((line) => line.endsWith(`:Pid:${pid}`));
    if (at < 0) continue;
    const start = lines[at].slice(0, -pid.length);
    const before = lines.slice(0, at).filter((line) => line.startsWith(start));
    const line = await shells.get(number)?.saw(start, before.length + 1);
    assert(line, `Shell ${number} has not started`);
    return line.slice(start.length);
  }
  throw new Error(`The page shows no process with the Pid ${pid}`);
}

/** A shell into which commands are typed. */
class Shell {
  readonly #bash: Running;
  readonly #input = new TransformStream<Uint8Array, Uint8Array>();
  readonly #writer = this.#input.writable.getWriter();
  #over = false;

  constructor() {
    this.#bash = new Running(
      "timeout", // which ends the shell's children, too
      [`${LONGEST}`, "bash"],
      { input: this.#input.readable, env: { DENO: Deno.execPath() } },
    );
    this.type('exec 1>&2; deno() { "$DENO" "$@"; }\n');
  }

  type(commands: string) {
    this.#writer.write(new TextEncoder().encode(commands)).catch(() => {});
  }

  saw(text: string, times?: number): Promise<string> {
    return this.#bash.saw(text, times);
  }

  /** Its lines, when all commands have ended. */
  async ended(): Promise<string[]> {
    this.#writer.close().catch(() => {});
    await this.#bash.ended();
    this.#over = true;
    return this.#bash.lines.filter((line) => !line.startsWith("Task "));
  }

  /** Ends it and all its children, if they have not ended. */
  async end() {
    if (!this.#over) this.#bash.kill("SIGTERM");
    await this.ended();
  }
}
