/**
 * What `deno task check` does: it finds out what to judge, runs it as often as
 * it is told to, and writes the report.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { print } from "../cli/command.ts";
import { allWritten, ResultFile, writeFile } from "../cli/result_file.ts";
import type { CommandLine } from "../cli/command_line.ts";
import { LabError, reason, UsageError } from "../error.ts";
import { withChannel } from "./channel.ts";
import { flagCopies } from "./copies.ts";
import type { Expectation } from "./evidence.ts";
import type { CheckOptions } from "./flags.ts";
import { asCsv, formatted } from "./formats.ts";
import { judge } from "./judge.ts";
import { readLog } from "./line.ts";
import { fileNames, recordingOf } from "./recording.ts";
import { type JudgedRun, type Report, reportOn } from "./report.ts";
import { runProgram } from "./run.ts";
import { type Subject, subjectsOf } from "./subjects.ts";

/** A run that a busy machine made inconclusive is repeated so often. */
const REPEATS = 2;
const LARGEST_LOG = 4_000_000; // bytes

/** Judges everything that the command line names. @returns The exit code. */
export async function runCheck(
  line: CommandLine<CheckOptions>,
  signal: AbortSignal,
): Promise<number> {
  const { options } = line;
  const subjects = subjectsOf(line);
  if (options.format === "gradescope" && subjects.length !== 1) {
    throw new UsageError(
      "Cannot use --format=gradescope with --each: it takes one program",
    );
  }
  const files = fileNames(subjects.map(({ name }) => name));
  const { csv } = options;
  using marks = csv === undefined ? undefined : new ResultFile("csv", csv);
  const reports: Report[] = [];
  let failure: unknown;
  try {
    for (const [i, subject] of subjects.entries()) {
      reports.push(await judgeSubject(subject, options, files[i], signal));
      if (subjects.length > 1) progress(reports, subjects.length);
    }
  } catch (error) {
    failure = error; // or Ctrl-C: the marks of those before are kept
  }
  flagCopies(reports);
  await allWritten(
    reports.length > 0 ? marks?.write(asCsv(reports)) : undefined,
    failure ? undefined : print(formatted(reports, options.format)),
  );
  if (failure) throw failure;
  const verdicts = reports.map(({ verdict }) => verdict);
  if (verdicts.some((verdict) => verdict === "fail" || verdict === "mixed")) {
    return 1;
  }
  return verdicts.includes("inconclusive") ? 3 : 0;
}

/**
 * Runs one program as often as it is asked for, and judges each run.
 *
 * @param file The name of its recordings.
 */
export async function judgeSubject(
  subject: Subject,
  options: CheckOptions,
  file: string,
  signal: AbortSignal,
): Promise<Report> {
  const expectation = expectationOf(subject, options);
  const runs: JudgedRun[] = [];
  if (subject.log !== undefined) {
    runs.push(await judgeLog(subject.log, expectation, options.points));
  } else {
    for (let i = 0; i < options.runs; i++) {
      for (const program of subject.programs) {
        const once = async () => {
          const { timeout: timeoutMs } = options;
          const evidence = await withChannel(
            subject.channel,
            () => runProgram(program, { timeoutMs, signal }),
          );
          const judgement = judge(evidence, expectation, options.points);
          return { evidence, judgement };
        };
        runs.push(await conclusive(once));
        await keep(options.record, file, subject, runs);
      }
    }
  }
  return reportOn(subject.name, subject.again, runs);
}

/** Runs a program anew as long as the machine was too busy for a verdict. */
export async function conclusive(
  once: () => Promise<JudgedRun>,
): Promise<JudgedRun> {
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const run = await once();
    if (run.judgement.verdict !== "inconclusive") return run;
  }
  return await once();
}

function expectationOf(subject: Subject, options: CheckOptions): Expectation {
  return {
    count: options.count,
    pauseAfter: 6,
    pauseMs: options.pause,
    retryMs: options.retry,
    strict: options.strict,
    processes: subject.pair ? ["process1", "process2"] : undefined,
  };
}

async function judgeLog(
  path: string,
  expectation: Expectation,
  points: readonly number[],
): Promise<JudgedRun> {
  const lines = readLog(await textOf(path));
  const evidence = { lines, oddities: [] };
  return { evidence, judgement: judge(evidence, expectation, points) };
}

/** A saved log. @param path `-` is standard input. */
async function textOf(path: string): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  try {
    const stream = path === "-"
      ? Deno.stdin.readable
      : (await Deno.open(path)).readable;
    for await (const piece of stream) {
      bytes += piece.length;
      if (bytes > LARGEST_LOG) {
        throw new UsageError(
          `Cannot judge ${path}: a log has at most ${LARGEST_LOG} bytes`,
        );
      }
      text += decoder.decode(piece, { stream: true });
    }
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new UsageError(
      `Cannot read ${path}: ${
        reason(error)
      }: name a saved log, or a program behind --`,
    );
  }
  return text;
}

/** Keeps the recording of a run that did not pass. */
async function keep(
  folder: string | undefined,
  file: string,
  { name }: Subject,
  runs: readonly JudgedRun[],
) {
  const run = runs.at(-1);
  if (folder === undefined || !run || run.judgement.verdict === "pass") return;
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new LabError(`Cannot make the folder ${folder}: ${reason(error)}`);
  }
  await writeFile(
    `${folder}/${file}.${runs.length}.jsonl`,
    recordingOf(run.evidence, name),
  );
}

/** Sixty programs take minutes: says how far it has come. */
function progress(reports: readonly Report[], of: number) {
  if (!Deno.stderr.isTerminal()) return;
  const { program, verdict } = reports[reports.length - 1];
  // deno-lint-ignore no-console -- for the person at the keyboard
  console.error(`${reports.length} of ${of}: ${verdict} ${program}`);
}
