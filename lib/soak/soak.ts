/**
 * The soak: rounds of kills over each mechanism, and a table of what came of
 * them.
 *
 * @module
 */
import { LabError } from "../error.ts";
import { ProcessLog } from "../cli/log.ts";
import { Progress } from "../cli/progress.ts";
import { ResultFile } from "../cli/result_file.ts";
import { mechanismNamed } from "../mechanism/mod.ts";
import type { SoakOptions } from "./flags.ts";
import { report } from "./report.ts";
import { add, emptyResult, type Result, type Total } from "./result.ts";
import { LabRound } from "./lab_round.ts";
import { Round } from "./round.ts";

/** How many kills a round has; a seed repeats one round. */
const KILLS_A_ROUND = 10;

/** From one round's seed to the next: 2^32 divided by the golden ratio. */
const SEED_STEP = 0x9e3779b1;
/** One of so many rounds kills a whole lab. */
const LAB_ROUNDS = 5;

/** Runs the soak. Its table goes to standard output. @returns The exit code. */
export async function runSoak(
  { via, kills, seed, json }: SoakOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProcessLog("soak");
  log.start();
  log.info(`Seed ${seed}`, { seed });
  using file = json ? new ResultFile("json", json) : undefined;
  using progress = await Progress.onTerminal("Killing", via.length * kills);
  progress.begin();
  const totals: Total[] = [];
  for (const name of kills > 0 ? via : []) {
    const total = { via: name, ...emptyResult() };
    totals.push(total);
    for (let round = 0; total.kills < kills && !signal.aborted; round++) {
      const roundSeed = (seed + round * SEED_STEP) % 2 ** 32;
      const most = Math.min(KILLS_A_ROUND, kills - total.kills);
      const result = await runRound(name, most, {
        seed: roundSeed,
        signal,
      });
      add(total, result);
      if (!signal.aborted) say(result, name, roundSeed, most, log);
      progress.count += result.kills;
      progress.show();
      // A round without a kill would be repeated for ever.
      if (result.kills === 0 && !signal.aborted) {
        throw new LabError(`Cannot go on: ${result.words[0]}`);
      }
    }
  }
  progress.finish();
  await Deno.stdout.write(new TextEncoder().encode(report(totals)));
  await file?.write(JSON.stringify({ seed, kills, totals }, null, 2) + "\n");
  signal.throwIfAborted();
  return totals.every(({ unexplained }) => unexplained === 0) ? 0 : 1;
}

async function runRound(
  via: string,
  kills: number,
  options: { seed: number; signal: AbortSignal },
): Promise<Result> {
  const mechanism = mechanismNamed(via);
  const operations = await mechanism.load();
  const name = `soak-${crypto.randomUUID().slice(0, 13)}`;
  const inOneProcess = mechanism.properties.processes === "one";
  const Kind = inOneProcess || options.seed % LAB_ROUNDS === 0
    ? LabRound
    : Round;
  return await new Kind(mechanism, operations, { name, ...options }).run(kills);
}

/** Says what is unexplained, and how to run that round again. */
function say(
  { words }: Result,
  via: string,
  seed: number,
  kills: number,
  log: ProcessLog,
): void {
  for (const text of words.slice(0, 5)) log.error(`${via}: ${text}`);
  if (words.length > 0) {
    log.info(
      `To repeat: deno task soak --via=${via} --kills=${kills} --seed=${seed}`,
    );
  }
}
