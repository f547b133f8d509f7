/**
 * Memory that writers share, and how they are started on it: as workers of this
 * process, or as processes of their own.
 *
 * @module
 */
import { delay } from "@std/async/delay";
import { LabError } from "../error.ts";
import { type Child, startProcess, startWorker } from "../lab/child.ts";
import { openShared, unlinkShared } from "../posix/shm.ts";
import type { ProcessJob } from "./process.ts";
import type { WorkerJob } from "./worker.ts";
import { type Job, raceBytes } from "./writer.ts";

/** Ctrl-C may end a writer up to this long (ms) before it ends this process. */
const CTRL_C_MS = 200;

/** Memory, and a way to start a writer on it. */
export interface WriterMemory extends Disposable {
  readonly memory: ArrayBufferLike;
  start(job: Job): Child;
}

/** Memory for workers of this process. */
export function workerMemory(writers: number): WriterMemory {
  const memory = new SharedArrayBuffer(raceBytes(writers));
  const script = new URL("./worker.ts", import.meta.url);
  return {
    memory,
    start(job) {
      const message: WorkerJob = { job, memory };
      return startWorker(script, titleOf(job), message);
    },
    [Symbol.dispose]() {},
  };
}

/**
 * Memory for processes: a segment whose name goes at once, so that not even
 * kill -9 leaves it behind. The writers inherit its descriptor.
 */
export function processMemory(writers: number): WriterMemory {
  const name = `/ipc-lab-race.${Deno.pid}.${crypto.randomUUID()}`;
  const bytes = raceBytes(writers);
  const segment = openShared(name, { create: true, exclusive: true, bytes });
  unlinkShared(name);
  const script = new URL("./process.ts", import.meta.url);
  return {
    memory: segment.memory,
    start(job) {
      const argument: ProcessJob = { job, parent: Deno.pid };
      return startProcess({
        script,
        args: [JSON.stringify(argument)],
        permissions: ["--allow-ffi"],
        stdin: segment.fd,
      });
    },
    [Symbol.dispose]: segment.close,
  };
}

/** A writer that was started. */
export interface Writer {
  /** Its number, and its process id where it is a process, for the log. */
  title: string;
  /** Where it is a process. */
  pid?: number;
  /** Resolves when it has finished. @throws {LabError} If it died before. */
  finished: Promise<void>;
  /** Ends it at once. */
  stop(): void;
}

/** Starts a writer. */
export function startWriter(memory: WriterMemory, job: Job): Writer {
  const { pid, ended, kill } = memory.start(job);
  const isProcess = pid !== undefined;
  const title = titleOf(job) + (isProcess ? `, Pid ${pid}` : "");
  let stopped = false;
  const finished = ended.then(async ({ code, died }) => {
    if (code === 0 || stopped) return;
    // Ctrl-C reaches all processes of the terminal. If it ended the writer, it
    // will also end this race, and then the writer's death is no error.
    await delay(CTRL_C_MS);
    const how = died ?? `ended with exit code ${code}`;
    const comma = isProcess ? "," : "";
    throw new LabError(`Cannot go on: ${title}${comma} ${how}`);
  });
  return {
    title,
    pid,
    finished,
    stop() {
      stopped = true;
      kill();
    },
  };
}

function titleOf({ writer }: Job): string {
  return `writer ${writer + 1}`;
}
