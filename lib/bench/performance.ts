/**
 * All that docs/performance.md shows: measured by one command, kept in one file.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import type { Mechanism } from "../channel/mod.ts";
import { ProcessLog } from "../cli/log.ts";
import { ResultFile, writeFile } from "../cli/result_file.ts";
import { isExpected, LabError, reason } from "../error.ts";
import { MECHANISMS } from "../mechanism/mod.ts";
import { emptyProgram, firstLine, idle, lines, linesInC } from "./errands.ts";
import { BENCH, type PerformanceOptions } from "./flags.ts";
import { COUNTS, type Growth, measureGrowth } from "./growth.ts";
import { asJson, type Performance, type Run } from "./figures.ts";
import { machine } from "./machine.ts";
import { pictures, renewed } from "./page.ts";
import { Peers } from "./peers.ts";
import { measureAll } from "./rounds.ts";
import { readCommandLine } from "../cli/command_line.ts";
import { spread, summarize } from "./summary.ts";

/** How often a start is measured in a run. */
const STARTS = 9;
const IDLE_SECONDS = 10;
const SIZES = "8,100,1024,8192,65536,1048576";

/** Measures if asked to, and makes the page from the file. @returns The exit code. */
export async function runPerformance(
  options: PerformanceOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProcessLog("performance");
  log.start();
  const { folder } = options;
  const file = `${folder}/performance.json`;
  if (options.measure) {
    using json = new ResultFile("folder", file);
    await json.write(asJson(await measure(options, log, signal)));
    log.info(`Wrote ${file}`);
  }
  const data = await figures(file);
  const page = `${folder}/performance.md`;
  await writeFile(page, renewed(await read(page), data));
  for (const [name, svg] of Object.entries(await pictures(data))) {
    await writeFile(`${folder}/${name}`, svg);
    log.info(`Wrote ${folder}/${name}`);
  }
  log.info(`Wrote ${page}`);
  return 0;
}

/** The figures of that file. */
async function figures(path: string): Promise<Performance> {
  const text = await read(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LabError(`Cannot read ${path}: ${reason(error)}`);
  }
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new LabError(
      `Cannot read ${path}: ${reason(error)}: --measure makes the figures`,
    );
  }
}

async function measure(
  options: PerformanceOptions,
  log: ProcessLog,
  signal: AbortSignal,
): Promise<Performance> {
  const { seconds, runs: count } = options;
  const started = new Date().toISOString();
  await using peers = await Peers.build(log, signal);
  const runs: Run[] = [];
  const growths: Growth[] = [];
  for (let run = 1; run <= count; run++) {
    log.info(`Run ${run} of ${count}`);
    const measured = await measureRun(options, peers, log, signal);
    runs.push(measured);
    log.info("The number of producers and consumers");
    for (const sides of COUNTS) {
      for (const mechanism of mechanismsIn(measured)) {
        try {
          growths.push(await measureGrowth(mechanism, sides, seconds, signal));
        } catch (error) {
          if (!isExpected(error)) throw error;
          signal.throwIfAborted();
          const what = `${sides} sides of ${mechanism.name}: ${error.message}`;
          measured.leftOut.push(what);
          log.info(`Left out: ${what}`);
        }
      }
    }
  }
  return {
    version: config.version,
    started,
    machine: machine(),
    deno: Deno.version.deno,
    runs,
    growth: medians(growths),
  };
}

async function measureRun(
  { seconds, rounds, lines: count }: PerformanceOptions,
  peers: Peers,
  log: ProcessLog,
  signal: AbortSignal,
): Promise<Run> {
  const { options } = readCommandLine(BENCH, [
    `--size=${SIZES}`,
    `--seconds=${seconds}`,
    `--rounds=${rounds}`,
  ]);
  const bench = await measureAll(options, peers, log, signal);
  log.info(`${count} lines, starts, ${IDLE_SECONDS} seconds of waiting`);
  const ours: number[] = [];
  const c: number[] = [];
  for (let i = 0; i < 3; i++) { // in turns
    ours.push(await lines(count, signal));
    c.push(await linesInC(count, peers) ?? NaN);
  }
  const producer: number[] = [];
  const empty: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    producer.push(await firstLine(signal));
    empty.push(await emptyProgram(signal));
  }
  const results = summarize(bench.rounds);
  const inC = spread(c).median;
  return {
    conduct: bench.conduct,
    rounds: bench.done,
    leftOut: bench.leftOut,
    results,
    lines: { ours: spread(ours).median, c: inC > 0 ? inC : undefined },
    start: { producer: spread(producer).median, empty: spread(empty).median },
    idle: await idle(mechanismsIn({ results }), IDLE_SECONDS, signal),
  };
}

/** The mechanisms of this machine's kernel that could be measured. */
function mechanismsIn({ results }: Pick<Run, "results">): Mechanism[] {
  const names = new Set(results.map(({ mechanism }) => mechanism));
  return MECHANISMS.filter(({ name, properties }) =>
    names.has(name) && properties.settles === "at once"
  );
}

/** The medians of the rounds, for each mechanism and count. */
export function medians(growths: Growth[]): Growth[] {
  const groups = Map.groupBy(
    growths,
    ({ mechanism, pairs }) => `${mechanism} ${pairs}`,
  );
  return [...groups.values()].map((group) => {
    const median = (figure: (one: Growth) => number) =>
      spread(group.map(figure)).median;
    return {
      ...group[0],
      p50: median(({ p50 }) => p50),
      perSecond: median(({ perSecond }) => perSecond),
      memory: median(({ memory }) => memory),
    };
  });
}
