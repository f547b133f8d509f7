/**
 * The race: several writers at one memory location. Without a lock each writer
 * loads the value, adds 1 and stores the sum. What another writer has stored in
 * the meantime is overwritten, and so that update is lost.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { ProcessLog } from "../cli/log.ts";
import { blockingThreadParking } from "../shared_memory/parking.ts";
import type { RaceOptions } from "./flags.ts";
import {
  processMemory,
  startWriter,
  workerMemory,
  type Writer,
} from "./start.ts";
import {
  type Job,
  LOCKS,
  raceBytes,
  type Result,
  resultOf,
  write,
} from "./writer.ts";

/** Increments of the plain loop; more would not make the figure better. */
const PLAIN_LOOP_TIMES = 10_000_000;
/** The fastest of these loops counts: other programs disturbed it least. */
const PLAIN_LOOPS = 5;

/** A writer's job without the writer's number. */
type Race = Omit<Job, "writer">;

/**
 * Runs the race with each lock that was asked for.
 *
 * @returns The exit code: 1 if an update was lost in spite of a lock.
 */
export async function runRace(
  { mechanism, writers, times, lock }: RaceOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProcessLog("race");
  log.start();
  const plainNs = logPlainLoop(Math.min(times.none, PLAIN_LOOP_TIMES), log);
  let code = 0;
  for (const each of lock === "all" ? LOCKS : [lock]) {
    const race: Race = { writers, times: times[each], lock: each };
    const result = await run(race, mechanism.name, log, signal);
    if (!logResult(race, result, plainNs, log)) code = 1;
  }
  return code;
}

/** Says how fast one writer alone is. @returns Nanoseconds per increment. */
function logPlainLoop(times: number, log: ProcessLog): number {
  const loops = Array.from({ length: PLAIN_LOOPS }, () => plainLoopNs(times));
  const ns = Math.min(...loops);
  log.info(
    `loop: a plain loop in one thread takes ${ns.toFixed(1)} ns an increment`,
    { event: "race", lock: "loop", lost: 0, expected: times, ns },
  );
  return ns;
}

/** Nanoseconds per increment of a writer that is alone. */
function plainLoopNs(times: number): number {
  const memory = new ArrayBuffer(raceBytes(1));
  const job: Job = { writer: 0, writers: 1, times, lock: "none" };
  write(memory, blockingThreadParking, job);
  return resultOf(memory, times).nsPerIncrement;
}

/** Starts all writers, and waits until they have finished. */
async function run(
  race: Race,
  via: string,
  log: ProcessLog,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  using memory = via === "shm"
    ? processMemory(race.writers)
    : workerMemory(race.writers);
  const started: Writer[] = [];
  try {
    for (let writer = 0; writer < race.writers; writer++) {
      started.push(startWriter(memory, { ...race, writer }));
      log.debug(`${race.lock}: started ${started[writer].title}`);
    }
    const all = Promise.all(started.map(({ finished }) => finished));
    await abortable(all, signal);
  } finally {
    for (const { stop } of started) stop();
    await Promise.allSettled(started.map(({ finished }) => finished));
  }
  return resultOf(memory.memory, race.times);
}

/** Says how a race went. @returns `false`: the lock did not protect. */
function logResult(
  { writers, times, lock }: Race,
  { counter, nsPerIncrement: ns }: Result,
  plainNs: number,
  log: ProcessLog,
): boolean {
  const expected = writers * times;
  const lost = expected - counter;
  const text = `${lock}: ${lost} of ${expected} updates lost, ` +
    `${figure(ns)} ns each = ${figure(ns / plainNs)} loops` +
    (lock === "none" && lost === 0 ? whyNoneLost(writers) : "");
  const values = { event: "race", lock, lost, expected, ns };
  const good = lock === "none" || lost === 0;
  if (good) log.info(text, values);
  else log.error(text, values);
  return good;
}

/** A decimal, if the number is small: on a busy machine it has four digits. */
function figure(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}

/** Why no update was lost where nothing protects the counter. */
function whyNoneLost(writers: number): string {
  return writers === 1
    ? ": one writer has nobody to race with"
    : ": the writers took turns by chance, so try more --times";
}
