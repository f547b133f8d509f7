/**
 * The benchmark: starts two sides for each mechanism, measures every combination
 * once in each round, and reports the results.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import config from "../../deno.json" with { type: "json" };
import { isExpected, LabError } from "../error.ts";
import { ProcessLog } from "../cli/log.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import { Progress } from "../cli/progress.ts";
import { BASELINES } from "./baseline.ts";
import { machine, machineLine } from "./machine.ts";
import type { BenchOptions } from "./flags.ts";
import type { Subject } from "./measure.ts";
import { Pair } from "./pair.ts";
import { report } from "./report.ts";
import type { Result, Round, Waiting } from "./result.ts";
import { ResultFile } from "../cli/result_file.ts";
import { summarize } from "./summary.ts";

/** Bytes of a write that carries many messages. */
const BATCH_BYTES = 4096;

/**
 * Before the first round each figure is measured no longer than this, to warm up
 * the compiler, the caches and the buffers.
 */
const WARM_UP_SECONDS = 0.02;

/** Figures of a combination: round trip, one way single, one way batched. */
const FIGURES = 3;

/** What is measured, how it waits, and how long its messages are. */
interface Combination {
  subject: Subject;
  wait: Waiting;
  size: number;
}

/** Runs the benchmark. Its table goes to standard output. @returns The exit code. */
export async function runBench(
  settings: BenchOptions,
  signal: AbortSignal,
): Promise<number> {
  const started = new Date().toISOString();
  const log = new ProcessLog("bench");
  log.start();
  const { json, plot } = settings;
  using jsonFile = json ? new ResultFile("json", json) : undefined;
  using plotFile = plot ? new ResultFile("plot", plot) : undefined;
  // Loads the charting library. If it is missing, we want to know that now.
  const picture = plot ? await import("./plot.ts") : undefined;

  const rounds = await measureAll(settings, log, signal);
  const results = summarize(rounds);
  await jsonFile?.write(asJson({ started, settings, rounds, results }));
  const title = machineLine();
  await print(`${title}\n\n${report(results)}`);
  await plotFile?.write(picture?.plot(results, title) ?? "");
  for (const file of [json, plot]) if (file) log.info(`Wrote ${file}`);
  return 0;
}

async function measureAll(
  settings: BenchOptions,
  log: ProcessLog,
  signal: AbortSignal,
): Promise<Round[]> {
  const deadline = performance.now() + settings.atMostSeconds * 1000;
  await using started = new AsyncDisposableStack();
  const pairs = await startPairs(settings, started, log, signal);
  const plan = combinations(settings, pairs, log);
  const about = plan.length * FIGURES * (settings.seconds + WARM_UP_SECONDS);
  log.info(
    `Measuring ${plan.length} combinations in ${settings.rounds} rounds: ` +
      `about ${Math.ceil(about)} seconds`,
  );
  const total = plan.length * (settings.rounds + 1);
  using progress = await Progress.onTerminal("bench", total);
  progress.begin();
  const seconds = settings.seconds / settings.rounds;
  await measureRound(
    plan,
    0,
    Math.min(seconds, WARM_UP_SECONDS),
    progress,
    signal,
  );
  const rounds: Round[][] = [];
  let roundMs = 0; // how long the last round took
  while (
    rounds.length < settings.rounds && performance.now() + roundMs < deadline
  ) {
    const start = performance.now();
    const round = rounds.length + 1;
    rounds.push(await measureRound(plan, round, seconds, progress, signal));
    roundMs = performance.now() - start;
  }
  progress.finish();
  if (rounds.length < settings.rounds) {
    log.info(`The time was over after ${rounds.length} rounds`);
  }
  return rounds.flat();
}

/** Measures all combinations in turn, so that noise disturbs all of them alike. */
async function measureRound(
  plan: Combination[],
  round: number,
  seconds: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (const combination of plan) {
    const one = measure(combination, round, seconds);
    measured.push(await abortable(one, signal));
    progress.count++;
    progress.show();
  }
  return measured;
}

/**
 * Starts the sides of each mechanism. Without `--via`, a mechanism that does not
 * work on this machine is left out.
 */
async function startPairs(
  { via, named, server }: BenchOptions,
  started: AsyncDisposableStack,
  log: ProcessLog,
  signal: AbortSignal,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const name of via) {
    try {
      const known = mechanismNamed(name);
      const mechanism = server && known.at?.(server) || known;
      const available = mechanism.available();
      if (available !== true) {
        throw new LabError(`Cannot use --via=${name}: ${available}`);
      }
      const pair = started.use(await Pair.start(mechanism, signal));
      const pids = pair.pids.join(" and ") || "two workers";
      log.debug(`Started ${name}: ${pids}`);
      pairs.push(pair);
    } catch (error) {
      if (named || !isExpected(error)) throw error;
      log.info(`Left out: ${name}: ${error.message}`);
    }
  }
  return pairs;
}

function combinations(
  { sizes, waits, named }: BenchOptions,
  pairs: Pair[],
  log: ProcessLog,
): Combination[] {
  for (const { name, limit } of pairs) {
    const tooLong = sizes.filter((size) => size > limit);
    if (named && tooLong.length === sizes.length) {
      throw new LabError(
        `Cannot measure ${name} with --size=${sizes}: it takes ${limit} at most`,
      );
    }
    if (tooLong.length > 0) {
      log.info(
        `Left out: ${name} with ${tooLong.join(" and ")} bytes, ` +
          `as it takes ${limit} at most`,
      );
    }
  }
  return sizes.flatMap((size) => [
    ...BASELINES.map((subject) => ({ subject, wait: "" as const, size })),
    ...waits.flatMap((wait) =>
      pairs.filter(({ limit }) => size <= limit)
        .map((subject) => ({ subject, wait, size }))
    ),
  ]);
}

async function measure(
  { subject, wait, size }: Combination,
  round: number,
  seconds: number,
): Promise<Round> {
  const conditions = { wait, size, seconds };
  const { name: mechanism, limit } = subject;
  const batch = Math.max(1, Math.floor(Math.min(BATCH_BYTES, limit) / size));
  const roundTrip = await subject.roundTrip(conditions);
  const single = await subject.oneWay(conditions, 1);
  const batched = batch > 1 ? await subject.oneWay(conditions, batch) : single;
  return { mechanism, wait, size, round, roundTrip, single, batched };
}

/** All settings, rounds and results, for other programs and later readers. */
function asJson(
  { started, settings, rounds, results }: {
    started: string;
    settings: BenchOptions;
    rounds: Round[];
    results: Result[];
  },
): string {
  const { via, waits, sizes, seconds, rounds: count } = settings;
  const { deno, v8, typescript } = Deno.version;
  const report = {
    version: config.version,
    started,
    machine: machine(),
    runtime: { deno, v8, typescript },
    settings: {
      via,
      wait: waits,
      size: sizes,
      seconds,
      rounds: count,
    },
    rounds,
    results,
  };
  return JSON.stringify(report, null, 2) + "\n";
}

/** Writes to standard output, all of it. */
async function print(text: string): Promise<void> {
  const stdout = Deno.stdout.writable;
  await ReadableStream.from([new TextEncoder().encode(text)])
    .pipeTo(stdout, { preventClose: true });
}
