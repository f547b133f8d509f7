/**
 * Starts what is measured, and measures every combination once in each round.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { isExpected, LabError } from "../error.ts";
import type { ProcessLog } from "../cli/log.ts";
import { Progress } from "../cli/progress.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import { type Conduct, machine, Watch } from "./machine.ts";
import { Pair } from "./pair.ts";
import { Peer } from "./peer.ts";
import type { Peers } from "./peers.ts";
import {
  batchOf,
  type Combination,
  combinations,
  duration,
  type RoundsOptions,
  WARM_UP_SECONDS,
} from "./plan.ts";
import { lost, ownTime, processorTime } from "./processors.ts";
import type { Round } from "./result.ts";

/** How many processors there are, and how many we may use. */
const PROCESSORS = {
  all: machine().processors,
  usable: navigator.hardwareConcurrency,
};

/** All rounds, and what the machine did meanwhile. */
export interface Measurement {
  rounds: Round[];
  /** How many rounds were done. */
  done: number;
  /** What was not measured, in words. */
  leftOut: string[];
  conduct: Conduct;
}

/**
 * Measures.
 *
 * @param peers Peers to measure in turns with ours.
 */
export async function measureAll(
  settings: RoundsOptions,
  peers: Peers | undefined,
  log: ProcessLog,
  signal: AbortSignal,
): Promise<Measurement> {
  const deadline = performance.now() + settings.atMostSeconds * 1000;
  await using started = new AsyncDisposableStack();
  const watch = await Watch.start();
  const leftOut = [...peers?.leftOut ?? []];
  const leaveOut = (what: string) => {
    leftOut.push(what);
    log.info(`Left out: ${what}`);
  };
  const pairs = await startPairs(settings, started, log, leaveOut, signal);
  const plan = combinations(settings, pairs, peers?.subjects ?? [], leaveOut);
  const { rounds: count } = settings;
  log.info(
    `Measuring ${plan.length} combinations in ${count} ` +
      `${count === 1 ? "round" : "rounds"}: ` +
      `about ${Math.ceil(duration(plan, settings))} seconds`,
  );
  using progress = await Progress.onTerminal(
    "bench",
    plan.length * (settings.rounds + 1),
  );
  progress.begin();
  const late = () => performance.now() > deadline;
  const seconds = settings.seconds / settings.rounds;
  const run = (round: number, seconds: number) =>
    measureRound(plan, round, seconds, late, progress, signal);
  await run(0, Math.min(seconds, WARM_UP_SECONDS));
  const rounds: Round[][] = [];
  while (rounds.length < settings.rounds) {
    const round = await run(rounds.length + 1, seconds);
    if (round.length < plan.length && rounds.length > 0) break;
    rounds.push(round);
    if (late()) break;
  }
  progress.finish();
  const all = rounds.flat();
  for (
    const { subject: { name }, wait, size } of plan.slice(rounds[0].length)
  ) {
    leaveOut(`${name} ${wait} with ${size} bytes: the time was over`);
  }
  if (rounds.length < settings.rounds) {
    leaveOut(
      `${
        settings.rounds - rounds.length
      } of ${settings.rounds} rounds: the time was over`,
    );
  }
  const conduct = await watch.end();
  return { rounds: all, done: rounds.length, leftOut, conduct };
}

/**
 * Measures all combinations in turn, so that noise disturbs all of them alike.
 *
 * @returns Fewer of them if it got late.
 */
async function measureRound(
  plan: Combination[],
  round: number,
  seconds: number,
  late: () => boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (const combination of plan) {
    if (late()) break;
    // A peer's program starts anew for each figure: it has nothing to warm up.
    if (round > 0 || !(combination.subject instanceof Peer)) {
      const one = measure(combination, round, seconds);
      measured.push(await abortable(one, signal));
    }
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
  { via, named, server, capacity }: RoundsOptions,
  started: AsyncDisposableStack,
  log: ProcessLog,
  leaveOut: (what: string) => void,
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
      const pair = started.use(await Pair.start(mechanism, signal, capacity));
      const pids = pair.pids.join(" and ") || "two workers";
      log.debug(`Started ${name}: ${pids}`);
      pairs.push(pair);
    } catch (error) {
      if (named || !isExpected(error)) throw error;
      leaveOut(`${name}: ${error.message}`);
    }
  }
  return pairs;
}

async function measure(
  { subject, wait, size }: Combination,
  round: number,
  seconds: number,
): Promise<Round> {
  const conditions = { wait, size, seconds };
  const batch = batchOf(subject, size);
  const before = processorTime();
  const ownBefore = ownTime();
  const start = performance.now();
  const roundTrip = await subject.roundTrip(conditions);
  const single = await subject.oneWay(conditions, 1);
  const batched = batch > 1 ? await subject.oneWay(conditions, batch) : single;
  const taken = (performance.now() - start) / 1000;
  // Workers, and programs that have ended, are in our own time already.
  const apart = subject instanceof Pair && subject.pids.length > 0;
  const sides = roundTrip.cpuSeconds + single.cpuSeconds +
    (batch > 1 ? batched.cpuSeconds : 0);
  const ours = ownTime() - ownBefore + (apart ? sides : 0);
  return {
    mechanism: subject.name,
    wait,
    size,
    round,
    roundTrip,
    single,
    batched,
    lost: lost(
      before,
      processorTime(),
      taken,
      ours,
      PROCESSORS,
    ),
  };
}
