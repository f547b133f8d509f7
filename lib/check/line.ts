/**
 * Finds in a line of anybody's log which process says it, and what.
 *
 * Students write `process1 - INFO - Pid: 29410`, `2026-.. [INFO] [process1]: ..`,
 * `Producer: Writing 1`: the process is found first, then the event.
 *
 * @module
 */

/** The processes of the sheet. */
export type Who = "parent" | "process1" | "process2";

/** What a line says. */
export type What = "pid" | "write" | "read" | "wait" | "pause" | "finish";

/** A line of a log. */
export interface Line {
  /** When it arrived, in ms since the start; a saved log has no times. */
  at?: number;
  /** The line without control characters. */
  text: string;
  who?: Who;
  what?: What;
  /** The value written or read, or the Pid. */
  value?: number;
  /** The Pid that it says, whatever else it says. */
  pid?: number;
  /** Is it spelled as on the sheet? */
  exact: boolean;
}

/** The sheet's own lines; of any pause, any retry. */
const SHEET =
  /^INFO:(parent:Pid:\d+|process([12]):(Pid:\d+|Finished process \2)|process1:(Writing \d+|Intentionally sleeping for [\d.]+ seconds?)|process2:(Read: \d+|Data not available sleeping for [\d.]+ seconds? before retrying))$/;

const NAMES =
  /\b(parent|main|process[ _-]?[12]|p[12]|producer|consumer|writer|reader|sender|receiver)(?![a-z])/i;

const ROLES: Record<string, Who> = {
  parent: "parent",
  main: "parent",
  p1: "process1",
  producer: "process1",
  writer: "process1",
  sender: "process1",
  p2: "process2",
  consumer: "process2",
  reader: "process2",
  receiver: "process2",
};

/** A thread's name in many a log of Java: `[main] INFO Producer - Writing 1`. */
const THREAD = /\[main\](?=\s+[A-Z]{4,5}\s+\S+\s+-\s)/;

/** A Pid in a line. */
const PID = /\bp(?:rocess[ _]?)?id\b\D{0,6}(\d+)/i;

/** The Pid of the parent, which a child may say, too. */
const PARENT_PID =
  /\bparent(?:'s)?(?:[ _-]?process(?:'s)?)?[ _:-]{0,2}p(?:rocess[ _]?)?id\b\D{0,6}\d+/gi;

/** Numbers that count or name something, and are no values. */
const OTHER_NUMBERS = /\b(?:process|slot|index|position)[ _#[-]*\d+\]?/gi;

/** What else may stand before a colon and a number. */
const NO_VALUE = "id|key|fd|descriptor|port|sum|time|code|status|count|exit|" +
  "total|size|bytes|address|connection|from";

/**
 * A verb and the value behind it: near by, or behind a colon or a noun, as in
 * `Writing to shared memory: 1`. The number is no value in the name of a file, as
 * in `/tmp/fifo1`, nor in `writing 10 values`, `values 1 to 10`, `5.03 seconds`.
 */
function valueAfter(verbs: string): RegExp {
  const noun = String.raw`\b(?:value|number|item|message)\b`;
  const far = String
    .raw`[^\d,;.()]{0,40}?(?:(?<!\b(?:${NO_VALUE})\s*)[:=>]|${noun})`;
  const counted = String.raw`\s*(?:values|numbers|items|messages|integers)\b`;
  const range = String.raw`(?:\s+to\s+|-|\.\.+)\d`;
  return new RegExp(
    String.raw`\b(?:${verbs})\b(?:\D{0,16}?|${far}\W{0,4}?)` +
      String
        .raw`(?<!/[^\s:]*|fifo|pipe|queue|shm|file)(-?\d+)(?!\d|\.\d|${counted}|${range})`,
    "i",
  );
}

/** Before a verb: in `total written: 10` the number is no value, either. */
const TOTAL = /\btotal\b/i;

/** A line with such a word says no value, unless it stands right behind it. */
const FINISHED = /\b(?:finish(?:ed|ing|es)?|done|completed?)\b/i;
const AT_ITS_END = /^\w+\W{1,4}(?:(?:value|number|item)\W{1,4})?-?\d+\W*$/i;

/** In this order: a wait says that it sleeps, too. */
const EVENTS: [What, RegExp][] = [
  [
    "wait",
    /not (?:yet )?(?:available|ready)|(?<!temporarily )unavailable|no (?:new )?data|no value|nothing to read|is empty|waiting for (?:data|values?)|retrying/i,
  ],
  ["pause", /\bsleep|\bpaus/i],
  [
    "write",
    valueAfter(
      "writ(?:ing|es?|ten)|wrote|produc(?:ing|e[sd]?)|sen[dt](?:ing)?|put(?:ting)?",
    ),
  ],
  [
    "read",
    valueAfter(
      "read(?:ing|s)?|consum(?:ing|e[sd]?)|receiv(?:ing|e[sd]?)|got|get(?:ting)?",
    ),
  ],
  [
    "finish",
    /\b(?:finish(?:ed|ing|es)?|done|completed?|ended|exit(?:ing|s)?)\b/i,
  ],
];

/** Who says such a thing, if the line has no name. */
const SPEAKERS: Partial<Record<What, Who>> = {
  write: "process1",
  pause: "process1",
  read: "process2",
  wait: "process2",
};

/** Our own log says more than the sheet: these lines have no event. */
const BESIDES =
  /Nobody reads yet|Buffer (?:full|locked)|Waiting at |^WARNING:|^ERROR:/;

// deno-lint-ignore no-control-regex -- it is there to find them
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)/g;
// deno-lint-ignore no-control-regex -- it is there to find them
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/g;

/** The text without what would move a terminal's cursor or change its colour. */
export function printable(raw: string): string {
  return raw.replace(ESCAPES, "").replace(CONTROLS, "");
}

/** Two lines that came without a newline between them. */
const TORN = /(?!^)(?=(?:INFO|DEBUG|WARNING|ERROR|CRITICAL):\w+:)/;

/** The remark on such lines. */
export const TORN_LINES = "lines of two processes run into each other";

/** The parts of a line that two processes have written into each other. */
export function untorn(text: string): string[] {
  const [first, ...more] = text.split(TORN);
  // What stands before may be a prompt or the time, and no line of its own.
  const [second = "", ...rest] = more;
  return NAMES.test(first) ? [first, ...more] : [first + second, ...rest];
}

/** Reads one line. @param at When it arrived, in ms since the start. */
export function readLine(raw: string, at?: number): Line {
  const text = printable(raw).trim();
  const exact = SHEET.test(text);
  const named = whoIn(text);
  if (BESIDES.test(text)) return { at, text, who: named, exact };
  const own = named === "parent" ? text : text.replace(PARENT_PID, "");
  const pid = pidIn(own);
  const rest = own.replace(PID, "").replace(OTHER_NUMBERS, "");
  for (const [what, pattern] of EVENTS) {
    const match = pattern.exec(rest);
    const who = named ?? SPEAKERS[what];
    if (!match || who === undefined) continue;
    if (match[1] && (who === "parent" || !isValue(rest, match.index))) continue;
    const value = match[1] === undefined ? undefined : Number(match[1]);
    return { at, text, who, what, value, pid, exact };
  }
  if (pid === undefined || named === undefined) {
    return { at, text, who: named, exact };
  }
  return { at, text, who: named, what: "pid", value: pid, pid, exact };
}

/** Does the number behind the verb at that place stand for a value? */
function isValue(text: string, verb: number): boolean {
  if (TOTAL.test(text.slice(0, verb))) return false;
  return !FINISHED.test(text) || AT_ITS_END.test(text.slice(verb));
}

/**
 * Some put their Pid into every line. Of others, a line with a Pid says no more
 * than that: `Pid 42, sleeps after value 6`.
 */
export function withPidLines(lines: readonly Line[]): Line[] {
  const without = new Set(
    lines.filter(({ what, pid }) => what && pid === undefined)
      .map(({ who }) => who),
  );
  return lines.map((line) =>
    line.pid !== undefined && line.who && without.has(line.who)
      ? { ...line, what: "pid", value: line.pid }
      : line
  );
}

function pidIn(text: string): number | undefined {
  const [, pid] = PID.exec(text) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

function whoIn(text: string): Who | undefined {
  const found = NAMES.exec(text.replace(THREAD, "")) ?? NAMES.exec(text);
  const word = found?.[1].toLowerCase().replace(/[ _-]/g, "");
  if (word === undefined) return undefined;
  return ROLES[word] ?? (word.endsWith("1") ? "process1" : "process2");
}

/** Reads a saved log. */
export function readLog(text: string): Line[] {
  return text.split("\n").flatMap(untorn)
    .map((line) => readLine(line))
    .filter((line) => line.text !== "");
}
