/**
 * The benchmark: starts two sides for each mechanism, measures every combination
 * once in each round, and reports the results.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { print } from "../cli/command.ts";
import { wrap } from "../cli/help.ts";
import { ProcessLog } from "../cli/log.ts";
import type { BenchOptions } from "./flags.ts";
import { conductLines, machine, machineLines } from "./machine.ts";
import { peerNamed } from "./peer_list.ts";
import { Peers } from "./peers.ts";
import { report } from "./report.ts";
import type { Result } from "./result.ts";
import { allWritten, ResultFile } from "../cli/result_file.ts";

import { measureAll, type Measurement } from "./rounds.ts";
import { summarize } from "./summary.ts";

/** No line of the output is longer: the width of a terminal. */
const COLUMNS = 80;

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

  await using stack = new AsyncDisposableStack();
  const peers = settings.peers
    ? stack.use(await Peers.build(log, signal))
    : undefined;
  // What the compilers took is missing from the time to measure.
  const atMostSeconds = settings.atMostSeconds -
    (Date.now() - Date.parse(started)) / 1000;
  const measurement = await measureAll(
    { ...settings, atMostSeconds },
    peers,
    log,
    signal,
  );
  measurement.leftOut.unshift(...settings.leftOut);
  const results = summarize(measurement.rounds);
  const about = machineLines(machine(), Deno.version.deno);
  const ours = results.filter(({ mechanism }) => !peerNamed(mechanism));
  await allWritten(
    jsonFile?.write(asJson({ started, settings, measurement, results })),
    print(`${head(about, settings, measurement)}\n${report(results)}`),
    plotFile?.write(picture?.plot(ours, about.join(", ")) ?? ""),
  );
  for (const file of [json, plot]) if (file) log.info(`Wrote ${file}`);
  return 0;
}

/** What stands above the tables. */
function head(
  about: string[],
  { capacity }: BenchOptions,
  { conduct, done, leftOut }: Measurement,
): string {
  const rounds = done === 1 ? "one round" : `medians of ${done} rounds`;
  return [
    ...about,
    ...conductLines(conduct),
    rounds,
    ...capacity ? [`--capacity=${capacity}`] : [],
    ...leftOut.flatMap((what) => wrap(`left out: ${what}`.split(" "), COLUMNS)),
  ].map((line) => `${line}\n`).join("");
}

/** All settings, rounds and results, for other programs and later readers. */
function asJson(
  { started, settings, measurement, results }: {
    started: string;
    settings: BenchOptions;
    measurement: Measurement;
    results: Result[];
  },
): string {
  const { via, waits, sizes, seconds, capacity, peers, quick } = settings;
  const { rounds, done, leftOut, conduct } = measurement;
  const { deno, v8, typescript } = Deno.version;
  const report = {
    version: config.version,
    started,
    machine: machine(),
    conduct,
    runtime: { deno, v8, typescript },
    settings: {
      via,
      wait: waits,
      size: sizes,
      seconds,
      rounds: done,
      capacity,
      peers,
      quick,
    },
    leftOut,
    rounds,
    results,
  };
  return JSON.stringify(report, null, 2) + "\n";
}
