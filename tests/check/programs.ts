/**
 * The programs of fixtures/programs/, run and judged, and what must be said of
 * each.
 *
 * @module
 */
import { conclusive } from "../../lib/check/check.ts";
import { type Evidence, SHEET } from "../../lib/check/evidence.ts";
import { judge, type Judgement } from "../../lib/check/judge.ts";
import { firstFailure } from "../../lib/check/report.ts";
import type { Program } from "../../lib/check/run.ts";
import { runApart } from "./run_apart.ts";

/** The durations of these runs, in ms, and their limit. */
export const FAST = { pauseMs: 1000, retryMs: 200 };
const TIMEOUT_MS = 20_000;
/** For programs that never end by themselves. */
const ENDLESS_MS = 3000;

const FOLDER = new URL("../../fixtures/programs/", import.meta.url).pathname;

/** A program, and what must be said of it. */
export interface Example {
  /** As the table calls it. */
  title: string;
  /** The commands' files; two programs run in both orders. */
  files: readonly string[];
  /** The first rule that must fail; none: it must pass. */
  rule?: number;
  /** What its hint, or a remark, must say. */
  says?: RegExp;
  /** Does it have to be ended? */
  endless?: boolean;
}

/** Programs that are right, some of them in an odd way. */
export const RIGHT: readonly Example[] = [
  {
    title: "the sheet's program (multiprocessing)",
    files: ["../../examples/sheet.py --pause=1 --retry=0.2"],
  },
  { title: "fork and mmap", files: ["right_fork.py"] },
  {
    title: "print instead of logging, a Queue",
    files: ["right_print.py"],
    says: /spelled in another way/,
  },
  {
    title: "two programs over a FIFO",
    files: ["right_fifo_producer.py", "right_fifo_consumer.py"],
  },
  { title: "C, fork and mmap", files: ["right_shared_memory.c"] },
  { title: "a list of a Manager", files: ["right_manager.py"] },
  { title: "a System V queue", files: ["right_system_v.py"] },
  { title: "a segment, read-only in process 2", files: ["right_read_only.py"] },
  {
    title: "the parent hands values on",
    files: ["right_relay.py"],
    says: /may pass values on|a pipe, /, // seen before each closed its end
  },
  {
    title: "a regular file",
    files: ["odd_file.py"],
    says: /a regular file, /,
  },
  {
    title: "a regular file, opened for each value",
    files: ["odd_reopened.py"],
    says: /a regular file/,
  },
  {
    title: "UDP datagrams",
    files: ["odd_datagrams.py"],
    says: /datagrams are not followed/,
  },
  {
    title: "a connection for each value",
    files: ["odd_connections.py"],
    says: /nor a connection for each value/,
  },
  {
    title: "behind a prompt, in its own words",
    files: ["odd_prompt.py"],
    says: /spelled in another way/,
  },
  { title: "lines in CR LF", files: ["odd_crlf.py"], says: /CR LF/ },
  {
    title: "control characters",
    files: ["odd_control.py"],
    says: /control characters/,
  },
];

/** Programs with one mistake each. */
export const WRONG: readonly Example[] = [
  {
    title: "threads for processes",
    files: ["wrong_threads.py"],
    rule: 2,
    says: /threads share one process/,
  },
  {
    title: "threads that say their own numbers",
    files: ["wrong_thread_numbers.py"],
    rule: 2,
    says: /a thread's number/,
  },
  {
    title: "asks for the Pid before fork",
    files: ["wrong_pid_before.py"],
    rule: 2,
    says: /before it is a process/,
  },
  {
    title: "one process prints a transcript",
    files: ["wrong_transcript.py"],
    rule: 2,
    says: /the Pids are printed/,
  },
  {
    title: "no line of a spawned child",
    files: ["wrong_spawn_logging.py"],
    rule: 2,
    says: /under 'if __name__'/,
  },
  {
    title: "no check for -1",
    files: ["wrong_no_check.py"],
    rule: 4,
    says: /check for -1/,
  },
  {
    title: "one value too many expected",
    files: ["wrong_one_too_many.py"],
    rule: 1,
    says: /one value too many/,
    endless: true,
  },
  {
    title: "reads before writing",
    files: ["wrong_reads_first.py"],
    rule: 5,
    says: /'Writing' before it stores/,
  },
  {
    title: "a swapped pair",
    files: ["wrong_swapped.py"],
    rule: 4,
    says: /overtake/,
  },
  { title: "a lost value", files: ["wrong_lost.py"], rule: 4, says: /is lost/ },
  {
    title: "a repeated value",
    files: ["wrong_repeated.py"],
    rule: 4,
    says: /read twice/,
  },
  {
    title: "torn lines",
    files: ["wrong_torn.py"],
    rule: 3,
    says: /lines mix/,
  },
  {
    title: "never ends",
    files: ["wrong_never_ends.py"],
    rule: 1,
    says: /one does not exit/,
    endless: true,
  },
  {
    title: "FIFOs opened in the wrong order",
    files: ["wrong_fifo_order.py"],
    rule: 1,
    says: /same order in both/,
    endless: true,
  },
  {
    title: "process 2 looks at a copy",
    files: ["wrong_copy.py"],
    rule: 1,
    says: /a copy of its own/,
    endless: true,
  },
  {
    title: "process 1 dies",
    files: ["wrong_dies.py"],
    rule: 1,
    says: /process 1 ended too early/,
    endless: true,
  },
  {
    title: "leaves sockets, semaphores and queues",
    files: ["wrong_names_left.py"],
    rule: 1,
    says:
      /(?=.*the socket \/\S*a socket,)(?=.*the semaphore \/dev\/shm\/sem\.left)(?=.*the FIFO )(?=.*the message queue \/left)(?=.*the System V message queue)/,
  },
  {
    title: "leaves a segment and a child behind",
    files: ["wrong_leaves.py"],
    rule: 1,
    says: /wait for every child/,
  },
  {
    title: "floods the terminal",
    files: ["wrong_floods.py"],
    rule: 1,
    says: /prints without end/,
  },
  { title: "spins", files: ["wrong_spins.py"], rule: 6, says: /spins/ },
  {
    title: "one after the other",
    files: ["wrong_one_after_other.py"],
    rule: 6,
    says: /starts after process 1 has ended/,
  },
  {
    title: "shares nothing",
    files: ["wrong_alone.py"],
    rule: 8,
    says: /prints its own story/,
  },
];

/** Which commands are installed here? */
export function isInstalled(command: string): boolean {
  return new Deno.Command("sh", {
    args: ["-c", `command -v ${command}`],
    stdout: "null",
  }).outputSync().success;
}

/** What an example needs. */
export function needs({ files: [file] }: Example): string {
  return file.endsWith(".c") ? "cc" : "python3";
}

const ENVIRONMENT = {
  PAUSE: String(FAST.pauseMs / 1000),
  RETRY: String(FAST.retryMs / 1000),
  PYTHONDONTWRITEBYTECODE: "1",
};

/** The ways to run an example; a C program is compiled into the folder. */
export function programsOf({ files }: Example, cwd: string): Program[] {
  const commands = files.map((file) => {
    const words = file.split(" ");
    const path = FOLDER + words[0];
    if (!path.endsWith(".c")) return ["python3", path, ...words.slice(1)];
    const binary = `${cwd}/program`;
    const { success } = new Deno.Command("cc", { args: ["-o", binary, path] })
      .outputSync();
    if (!success) throw new Error(`Cannot compile ${path}`);
    return [binary];
  });
  const program = { cwd, env: ENVIRONMENT };
  return commands.length === 1
    ? [{ ...program, commands }]
    : [{ ...program, commands }, {
      ...program,
      commands: commands.toReversed(),
    }];
}

/** Runs a program and judges it. */
export async function judged(
  program: Program,
  { endless, files }: Example,
  strict = false,
): Promise<{ evidence: Evidence; judgement: Judgement }> {
  const timeoutMs = endless ? ENDLESS_MS : TIMEOUT_MS;
  const processes = files.length > 1
    ? ["process1", "process2"] as const
    : undefined;
  const expectation = { ...SHEET, ...FAST, strict, processes };
  return await conclusive(async () => {
    const evidence = await runApart(program, timeoutMs);
    return { evidence, judgement: judge(evidence, expectation) };
  });
}

/** What is wrong with what was said; `undefined`: it is right. */
export function wrongVerdict(
  { rule, says }: Example,
  judgement: Judgement,
): string | undefined {
  const failure = firstFailure({
    judgement,
    evidence: { lines: [], oddities: [] },
  });
  const said =
    `${judgement.verdict}: rule ${failure?.number}, ${failure?.got}` +
    `, ${failure?.hint}; ${judgement.remarks}; ` +
    judgement.results.map(({ got }) => got);
  const verdict = rule === undefined ? "pass" : "fail";
  if (judgement.verdict !== verdict || failure?.number !== rule) return said;
  return says === undefined || says.test(said) ? undefined : said;
}

/** A folder for one program, removed when it is disposed. */
export async function freshFolder(): Promise<
  AsyncDisposable & { path: string }
> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
