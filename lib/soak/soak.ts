/**
 * The soak: rounds of kills over each mechanism, interrupts of each command, and
 * tables of what came of them.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { print } from "../cli/command.ts";
import { ProcessLog } from "../cli/log.ts";
import { Progress } from "../cli/progress.ts";
import { allWritten, ResultFile } from "../cli/result_file.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import type { SoakOptions } from "./flags.ts";
import { COMMAND_COUNT, interruptAll, type Interrupted } from "./interrupts.ts";
import { LabRound } from "./lab_round.ts";
import { lcg } from "./random.ts";
import { interruptReport, report } from "./report.ts";
import { add, emptyResult, type Result, type Total } from "./result.ts";
import { Round } from "./round.ts";
import { ServiceRound } from "./service_round.ts";

/** How many kills a round has; a seed repeats one round. */
const KILLS_A_ROUND = 10;
/** From one round's seed to the next: 2^32 divided by the golden ratio. */
const SEED_STEP = 0x9e3779b1;
/** Of so many rounds, one kills whole labs, and one clients of a server. */
const KINDS = 10;
const LAB = 0;
const SERVICE = 1;
/** How many unexplained things of a round are said. */
const WORDS_SAID = 5;

/** What came of it so far. */
interface Counts {
  totals: Total[];
  interrupted: Interrupted[];
}

/** Runs the soak. Its tables go to standard output. @returns The exit code. */
export async function runSoak(
  options: SoakOptions,
  signal: AbortSignal,
): Promise<number> {
  const { kills, interrupts, seed, json } = options;
  const log = new ProcessLog("soak");
  log.start();
  log.info(`Seed ${seed}`, { seed });
  const via = usable(options, log);
  using file = json ? new ResultFile("json", json) : undefined;
  const all = via.length * kills + COMMAND_COUNT * interrupts;
  using progress = await Progress.onTerminal("Soak", all);
  progress.begin();
  const counts: Counts = { totals: [], interrupted: [] };
  let failure: unknown; // told in the end: the counts so far are worth an hour
  try {
    for (const name of kills > 0 ? via : []) {
      const total = { via: name, ...emptyResult() };
      counts.totals.push(total);
      await soak(total, options, { log, progress, signal });
    }
    await interrupt(counts.interrupted, options, { log, progress, signal });
  } catch (error) {
    failure = error;
  }
  progress.finish();
  const { totals, interrupted } = counts;
  const tables = [
    ...(kills > 0 ? [report(totals)] : []),
    ...(interrupts > 0 ? [interruptReport(interrupted)] : []),
  ];
  const text = JSON.stringify({ seed, kills, ...counts }, null, 2) + "\n";
  await allWritten(file?.write(text), print(tables.join("\n")));
  signal.throwIfAborted();
  if (failure) throw failure;
  const good = totals.every(({ unexplained }) => unexplained === 0) &&
    interrupted.every(({ words }) => words.length === 0);
  return good ? 0 : 1;
}

/** Mechanisms that this machine has. */
function usable({ via, named }: SoakOptions, log: ProcessLog): string[] {
  return via.filter((name) => {
    const there = mechanismNamed(name).available();
    if (there === true) return true;
    if (named) throw new LabError(`Cannot use --via=${name}: ${there}`);
    log.info(`Left out: ${name}: ${there}`);
    return false;
  });
}

/** What both kinds of soak need. */
interface Tools {
  log: ProcessLog;
  progress: Progress;
  signal: AbortSignal;
}

/** Runs rounds over one mechanism until there were enough kills. */
async function soak(
  total: Total,
  { kills, seed }: SoakOptions,
  { log, progress, signal }: Tools,
): Promise<void> {
  const { via } = total;
  for (let round = 0; total.kills < kills; round++) {
    const roundSeed = (seed + round * SEED_STEP) % 2 ** 32;
    const most = Math.min(KILLS_A_ROUND, kills - total.kills);
    const result = await runRound(via, most, roundSeed, signal);
    if (signal.aborted) {
      // The round has ended its processes itself: the values on their way and
      // the names that are left are not wrong. Only its kills and signals count.
      const { kills: killed, signals } = result;
      add(total, { ...emptyResult(), kills: killed, signals });
      throw signal.reason;
    }
    add(total, result);
    for (const text of result.words.slice(0, WORDS_SAID)) {
      log.error(`${via}: ${text}`);
    }
    if (result.words.length > 0) {
      const flags = `--via=${via} --kills=${most} --seed=${roundSeed}`;
      log.info(`To repeat: deno task soak ${flags}`);
    }
    progress.count += result.kills;
    progress.show();
    // A round without a kill would be repeated for ever.
    if (result.kills === 0) {
      throw new LabError(`Cannot go on over ${via} as no kill was possible`);
    }
  }
}

async function runRound(
  via: string,
  kills: number,
  seed: number,
  signal: AbortSignal,
): Promise<Result> {
  const mechanism = mechanismNamed(via);
  const operations = await mechanism.load();
  const name = `soak-${crypto.randomUUID().slice(0, 13)}`;
  const { processes, openedBy } = mechanism.properties;
  const kind = processes === "one" ? LAB : seed % KINDS;
  const Kind = kind === LAB
    ? LabRound
    : kind === SERVICE && openedBy === "name"
    ? ServiceRound
    : Round;
  return await new Kind(mechanism, operations, { name, seed, signal })
    .run(kills);
}

/** Interrupts each command. */
async function interrupt(
  sums: Interrupted[],
  { interrupts, seed }: SoakOptions,
  { log, progress, signal }: Tools,
): Promise<void> {
  for await (const one of interruptAll(interrupts, lcg(seed), signal)) {
    const sum = sums.find(({ line }) => line === one.line);
    if (sum) {
      sum.interrupts += one.interrupts;
      sum.words.push(...one.words);
    } else sums.push(one);
    for (const text of one.words) log.error(text);
    progress.count++;
    progress.show();
  }
}
