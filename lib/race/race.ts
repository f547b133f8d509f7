/**
 * The race: several writers at one memory location. Without a lock each loads
 * the value, adds 1 and stores the sum; what another has stored in between is
 * overwritten, and so lost.
 *
 * @module
 */
import { abortable } from "@std/async/abortable";
import { delay } from "@std/async/delay";
import { LabError } from "../error.ts";
import { ProcessLog } from "../cli/log.ts";
import { blockingThreadParking } from "../shared_memory/parking.ts";
import type { RaceOptions } from "./flags.ts";
import { openShared, unlinkShared } from "../posix/shm.ts";
import type { ProcessJob } from "./process.ts";
import type { WorkerJob } from "./worker.ts";
import {
  type Lock,
  LOCKS,
  type Part,
  raceBytes,
  type Result,
  resultOf,
  write,
} from "./writer.ts";

/** Milliseconds in which our own Ctrl-C comes after it has ended a writer. */
const GRACE = 200;

/** Increments of the plain loop; more of them would not measure it better. */
const PLAIN = 10_000_000;
const RUNS = 5; // of which the fastest counts: nothing came in between

/** A writer that runs. */
interface Writer {
  /** Who it is, for the log. */
  title: string;
  /** Resolves when it has written. @throws {LabError} If it died before. */
  ended: Promise<void>;
  /** Ends it at once. */
  end(): void;
}

/** Where a race takes place. */
interface Track extends Disposable {
  memory: ArrayBufferLike;
  start(part: Part): Writer;
}

/**
 * Runs the race with each lock that was asked for.
 *
 * @returns The exit code: 1 if an update was lost in spite of a lock.
 */
export async function runRace(
  { mechanism, workers, times, lock }: RaceOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProcessLog("race");
  log.start();
  const turns = Math.min(times, PLAIN);
  const plain = Math.min(
    ...Array.from({ length: RUNS }, () => plainLoop(turns)),
  );
  log.info(
    `loop: a plain loop in one thread takes ${
      plain.toFixed(1)
    } ns an increment`,
    { event: "race", lock: "loop", lost: 0, expected: turns, ns: plain },
  );
  const expected = workers * times;
  let code = 0;
  for (const each of lock === "all" ? LOCKS : [lock]) {
    using track = mechanism.name === "shm"
      ? processTrack(workers)
      : workerTrack(workers);
    const { counter, ns } = await race(
      track,
      { workers, times, lock: each },
      log,
      signal,
    );
    const lost = expected - counter;
    const text = `${each}: ${lost} of ${expected} updates were lost, ` +
      `${ns.toFixed(1)} ns an increment, ${
        (ns / plain).toFixed(1)
      } times the plain loop${
        each === "none" && lost === 0 ? luck(workers) : ""
      }`;
    const values = { event: "race", lock: each, lost, expected, ns };
    if (each === "none" || lost === 0) {
      log.info(text, values);
    } else {
      log.error(text, values);
      code = 1;
    }
  }
  return code;
}

/** Why none may have been lost where nothing protects them. */
function luck(workers: number): string {
  return workers === 1
    ? ": one writer has nobody to race with"
    : ": luck, try again or with more --times";
}

/** Nanoseconds for an increment when nobody else is there. */
function plainLoop(times: number): number {
  const memory = new ArrayBuffer(raceBytes(1));
  write(memory, blockingThreadParking, {
    writer: 0,
    workers: 1,
    times,
    lock: "none",
  });
  return resultOf(memory, times).ns;
}

async function race(
  track: Track,
  part: { workers: number; times: number; lock: Lock },
  log: ProcessLog,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  const writers: Writer[] = [];
  try {
    for (let writer = 0; writer < part.workers; writer++) {
      writers.push(track.start({ ...part, writer }));
      log.debug(`${part.lock}: started ${writers[writer].title}`);
    }
    await abortable(Promise.all(writers.map(({ ended }) => ended)), signal);
  } finally {
    writers.forEach(({ end }) => end());
    await Promise.allSettled(writers.map(({ ended }) => ended));
  }
  return resultOf(track.memory, part.times);
}

/** Writers that are threads of this process. */
function workerTrack(workers: number): Track {
  const memory = new SharedArrayBuffer(raceBytes(workers));
  return {
    memory,
    start: (part) => startWorker(part, memory),
    [Symbol.dispose]() {},
  };
}

function startWorker(part: Part, memory: SharedArrayBuffer): Writer {
  const title = `writer ${part.writer + 1}`;
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const worker = new Worker(import.meta.resolve("./worker.ts"), {
    type: "module",
    name: title,
  });
  worker.onmessage = () => resolve();
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new LabError(`Cannot go on: ${title} has failed: ${event.message}`));
  };
  const job: WorkerJob = { part, memory };
  worker.postMessage(job);
  const end = () => {
    worker.terminate();
    resolve();
  };
  return { title, ended, end };
}

/** Writers that are processes, on a segment of their own. */
function processTrack(workers: number): Track {
  const name = `/ipc-lab.race-${Deno.pid}`;
  unlinkShared(name); // of one that had our process id and was killed
  const bytes = raceBytes(workers);
  const segment = openShared(name, { create: true, exclusive: true, bytes });
  return {
    memory: segment.memory,
    start: (part) => startProcess({ part, name, parent: Deno.pid }),
    [Symbol.dispose]() {
      unlinkShared(name);
      segment.close();
    },
  };
}

function startProcess(job: ProcessJob): Writer {
  const script = new URL("./process.ts", import.meta.url).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-ffi", script, JSON.stringify(job)],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const title = `writer ${job.part.writer + 1}, Pid ${process.pid}`;
  let unwanted = false;
  const ended = process.status.then(async ({ code, signal }) => {
    if (code === 0 || unwanted) return;
    // Ctrl-C ends us all, the writer first: then it is not its own doing.
    await delay(GRACE);
    throw new LabError(
      `Cannot go on: ${title}, ${
        signal === null
          ? `ended with exit code ${code}`
          : `was ended by ${signal}`
      }`,
    );
  });
  const end = () => {
    unwanted = true;
    try {
      process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  };
  return { title, ended, end };
}
