/**
 * Compares a log with the lab sheet's transcript, line by line.
 *
 * These may differ: the Pids; how the lines of different processes interleave;
 * how often process 2 finds no data in one wait.
 *
 * @module
 */
import { seconds } from "../wait/duration.ts";
import type { Evidence, Expectation } from "./evidence.ts";
import type { Who } from "./line.ts";
import { type Finding, valuesTo } from "./rule.ts";
import { waits } from "./story_rules.ts";

const RETRY = /^INFO:(\w+):(Data not available|Nobody reads yet) sleeping for/;

/** The sheet's lines of one process, each wait as one line. */
export function sheetLines(
  who: Who,
  { count, pauseAfter, pauseMs, retryMs }: Expectation,
): string[] {
  const values = valuesTo(count);
  if (who === "parent") return ["INFO:parent:Pid:N"];
  if (who === "process1") {
    return [
      "INFO:process1:Pid:N",
      ...values.flatMap((value) => [
        `INFO:process1:Writing ${value}`,
        ...value === pauseAfter
          ? [`INFO:process1:Intentionally sleeping for ${seconds(pauseMs)}`]
          : [],
      ]),
      "INFO:process1:Finished process 1",
    ];
  }
  return [
    "INFO:process2:Pid:N",
    ...values.flatMap((value) => [
      `INFO:process2:Read: ${value}`,
      ...value === pauseAfter
        ? [
          `INFO:process2:Data not available sleeping for ${
            seconds(retryMs)
          } before retrying`,
        ]
        : [],
    ]),
    "INFO:process2:Finished process 2",
  ];
}

/** A line, and the index at which the log has it. */
interface Said {
  text: string;
  index: number;
  /** How many equal lines follow each other, if it is a wait. */
  times: number;
}

/** The lines of the log by process, with each wait as one line. */
function stories({ lines }: Evidence): Map<string, Said[]> {
  const all = new Map<string, Said[]>();
  lines.forEach(({ text }, index) => {
    // Our own log says so on a terminal: it is not on the sheet.
    if (/^INFO:process[12]:Waiting at /.test(text)) return;
    const [, name = "no process"] = /^[A-Z]+:(\w+):/.exec(text) ?? [];
    const story = all.get(name) ?? [];
    all.set(name, story);
    const last = story.at(-1);
    if (RETRY.test(text) && last?.text === text) last.times++;
    else {
      const said = text.replace(/:Pid:\d+$/, ":Pid:N");
      story.push({ text: said, index, times: 1 });
    }
  });
  return all;
}

/** Removes what the sheet does not have, and a right program may say. */
function withoutLuck(story: Said[], wanted: string[]): Said[] {
  const kept: Said[] = [];
  let read = false;
  for (const said of story) {
    const waits = RETRY.test(said.text);
    // The process that started first waits for the other one.
    const first = waits && (!read || said.text.includes("Nobody reads yet"));
    // A consumer faster than the producer finds nothing between two values of
    // one burst. It does so once: after its sleep, the burst is over.
    const between = waits && said.times === 1 &&
      said.text !== wanted[kept.length];
    if (!first && !between) kept.push(said);
    read ||= said.text.includes(":Read: ");
  }
  return kept;
}

/** Does each process say the sheet's own lines, and no other? */
export function asOnTheSheet(
  evidence: Evidence,
  expectation: Expectation,
): Finding {
  const { processes = ["parent", "process1", "process2"] } = expectation;
  const all = stories(evidence);
  const [odd] = evidence.oddities;
  if (odd !== undefined) {
    return { ok: false, got: odd, expected: "a newline, and nothing else" };
  }
  // Rule 6 says how often: never, if process 2 was late on a busy machine.
  const mustWait = waits(evidence, expectation).ok === false;
  for (const who of processes) {
    const said = all.get(who) ?? [];
    const wanted = sheetLines(who, expectation).filter((line) =>
      !RETRY.test(line) || mustWait || said.some(({ text }) => text === line)
    );
    const story = withoutLuck(said, wanted);
    for (let i = 0; i < Math.max(wanted.length, story.length); i++) {
      if (story[i]?.text === wanted[i]) continue;
      return {
        ok: false,
        got: story[i]?.text ?? `no more line of ${who}`,
        expected: wanted[i] ?? `no more line of ${who}`,
        line: story[i]?.index ?? said.at(-1)?.index,
        hint: "--strict demands the sheet's own words, letter for letter",
      };
    }
  }
  const names: readonly string[] = processes;
  for (const [name, [said]] of all) {
    if (names.includes(name)) continue;
    return {
      ok: false,
      got: said.text,
      expected: `lines of ${names.join(", ")} alone`,
      line: said.index,
    };
  }
  return { ok: true, got: "every line is the sheet's" };
}
