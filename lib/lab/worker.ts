/**
 * What a worker of `lab --via=workers` runs. The protocol: the parent posts one
 * {@linkcode WorkerJob}, the worker answers with one {@linkcode WorkerReport}.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { runConsumer } from "./consumer.ts";
import { runProducer } from "./producer.ts";
import { LabError } from "../error.ts";
import { ProcessLog, startLog } from "../cli/log.ts";
import { errorWritten } from "../cli/standard_error.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import type { LabOptions } from "./flags.ts";

/** From the parent: what to do, on which memory. */
export interface WorkerJob {
  part: "producer" | "consumer";
  via: string;
  memory: SharedArrayBuffer;
  /** All flags; `via` names the mechanism, as functions cannot be posted. */
  options: Omit<LabOptions, "mechanism">;
  /** Post the log's lines, as JSON, and write none. */
  postLog: boolean;
}

/** To the parent: the exit code. Lines of the log come before it, as text. */
export type WorkerReport = number;

self.onmessage = async ({ data }: MessageEvent<WorkerJob>) => {
  const { part, via, memory, postLog } = data;
  const mechanism = mechanismNamed(via);
  const options: LabOptions = { ...data.options, mechanism };
  startLog({
    format: postLog ? "json" : options.log,
    verbose: options.verbose,
    write: postLog ? (line) => self.postMessage(line) : undefined,
  });
  const report = async (report: WorkerReport) => {
    await errorWritten(options); // the parent ends this worker now
    self.postMessage(report);
  };
  const never = new AbortController().signal; // the parent terminates this worker
  try {
    await report(
      part === "producer"
        ? await runProducer(options, never, memory)
        : await runConsumer(options, never, memory),
    );
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    new ProcessLog(part === "producer" ? "process1" : "process2")
      .error(error.message);
    await report(1);
  }
};
