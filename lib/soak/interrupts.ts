/**
 * Ctrl-C at random moments: each command must end with exit code 130, must log
 * no error, and must leave nothing behind.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { abortable } from "@std/async/abortable";
import { type Child, type Ending, startProcess } from "../lab/child.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import { namesLeft, removeNames } from "./names.ts";
import { permissionsOf } from "./task.ts";
import type { Random } from "./random.ts";

/** How long (ms) after its start Ctrl-C comes, at most. */
const MOST_MS = 400;
/** How long (ms) a command may take to end. */
const DEAF_MS = 10_000;

/** Values without end: no command may end before Ctrl-C. */
const ENDLESS = "--count=1000000000000 --pause=0";

/** The commands, as one types them, and the mechanism of their channel. */
const COMMANDS: readonly [line: string, via?: string][] = [
  [`lab ${ENDLESS}`, "fifo"],
  [`lab --via=fifo --quiet ${ENDLESS}`, "fifo"],
  [`lab --via=pipe --quiet ${ENDLESS}`],
  [`lab --via=queue --quiet ${ENDLESS}`, "queue"],
  [`lab --via=shm --quiet ${ENDLESS}`, "shm"],
  [`lab --via=socket --quiet ${ENDLESS}`, "socket"],
  [`lab --via=workers --quiet ${ENDLESS}`],
  ["producer", "fifo"],
  ["consumer --via=socket", "socket"],
  ["server --via=shm", "shm"],
  ["client --timeout=60s", "fifo"],
  ["race --times=1000000000"],
  ["race --via=shm --times=1000000000"],
  ["bench --quick"],
];

/** How many commands there are. */
export const COMMAND_COUNT = COMMANDS.length;

/** What came of the interrupts of one command. */
export interface Interrupted {
  /** The command as one types it. */
  line: string;
  interrupts: number;
  /** What was wrong, in words. */
  words: string[];
}

/**
 * Interrupts each command so many times.
 *
 * @param random Chooses the moments.
 * @returns One result for each command, again after each interrupt.
 * @throws The signal's reason, once it is aborted.
 */
export async function* interruptAll(
  times: number,
  random: Random,
  signal: AbortSignal,
): AsyncGenerator<Interrupted> {
  for (const [line, via] of COMMANDS) {
    for (let time = 0; time < times; time++) {
      const words = await interrupt(line, via, random, signal);
      yield { line, interrupts: 1, words };
    }
  }
}

/**
 * Starts a command, and interrupts it. What it leaves behind is removed.
 *
 * @param via The mechanism of its channel, if it takes a name for one.
 * @param random Chooses the moment.
 * @returns What was wrong, in words.
 * @throws The signal's reason, once it is aborted.
 */
export async function interrupt(
  line: string,
  via: string | undefined,
  random: Random,
  signal: AbortSignal,
): Promise<string[]> {
  const ownName = `soak-${crypto.randomUUID().slice(0, 13)}`;
  const operations = via ? await mechanismNamed(via).load() : undefined;
  const afterMs = random(MOST_MS);
  const [task, ...args] = line.split(" ");
  const command = start(task, via ? [...args, `--name=${ownName}`] : args);
  // bench and race put their Pid into the names that they choose.
  const name = via ? ownName : `${task}.${command.child.pid}.`;
  const words: string[] = [];
  try {
    const ending = await end(command.child, afterMs, signal);
    const lines = command.log().split("\n");
    words.push(...lines.filter((line) => line.startsWith("ERROR:")));
    // Before it listens to signals, SIGINT ends it: a shell shows that as 130.
    if (ending.code !== 130 && ending.died !== "was ended by SIGINT") {
      words.push(ending.died ?? `exit code ${ending.code}`);
    }
    words.push(...namesLeft(name).map((left) => `${left} was left behind`));
  } finally {
    // Our own Ctrl-C has killed the command, which then removes nothing.
    await removeNames(name, operations);
  }
  return words.map((text) => `${line}, Ctrl-C after ${afterMs} ms: ${text}`);
}

/** Starts a command in a process group of its own. */
function start(task: string, args: string[]) {
  let log = "";
  const child = startProcess({
    script: new URL(`../../scripts/${task}.ts`, import.meta.url),
    args,
    permissions: permissionsOf(task),
    newGroup: true,
    async onError(pieces) {
      const decoder = new TextDecoder();
      for await (const piece of pieces) {
        // Only the end is of interest: endless values make a long log.
        log = (log + decoder.decode(piece, { stream: true })).slice(-10_000);
      }
    },
  });
  return { child, log: () => log };
}

/** Sends SIGINT to all of the group, and waits until the command has ended. */
async function end(
  { pid, ended }: Child,
  afterMs: number,
  signal: AbortSignal,
): Promise<Ending> {
  const toAll = (name: Deno.Signal) => {
    try {
      if (pid !== undefined) Deno.kill(-pid, name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  let deaf = false;
  try {
    await delay(afterMs, { signal });
    toAll("SIGINT");
    const timer = setTimeout(() => {
      deaf = true;
      toAll("SIGKILL");
    }, DEAF_MS);
    const ending = await abortable(ended, signal);
    clearTimeout(timer);
    const died = deaf ? `was deaf for ${DEAF_MS / 1000} s` : ending.died;
    return { ...ending, died };
  } finally {
    toAll("SIGKILL");
    await ended;
  }
}
