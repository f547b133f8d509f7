/**
 * The lab sheet's log, and the same records as JSON lines.
 *
 * A line reads `LEVEL:name:text`, as Python's logging writes it. As JSON it is
 * `{time, level, logger, pid, message, event, ...values}`, with the same text.
 *
 * @module
 */
import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import { FULL, type Refusal } from "../channel/mod.ts";
import { seconds } from "../wait/duration.ts";
import { retryLine } from "../wait/mod.ts";
import { jsonLine, labLine, lineOf, terminalLine } from "./log_line.ts";
import { writeError } from "./standard_error.ts";

/** Options for {@linkcode startLog}. */
export interface LogOptions {
  /** Lines as on the lab sheet, or one JSON object a line. @default {"lab"} */
  format?: "lab" | "json";
  /** DEBUG lines too? @default {false} */
  verbose?: boolean;
  /** The DEBUG lines of calls? @default {false} */
  calls?: boolean;
  /** Takes a line, without its newline. @default standard error */
  write?: (line: string) => void;
}

/**
 * Starts the log of this process. Call it once, before the first line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ProcessLog, startLog } from "@ipc-lab/ipc-lab/log";
 *
 * const lines: string[] = [];
 * startLog({ write: (line) => lines.push(line) });
 * new ProcessLog("process1", 2796).start();
 * assertEquals(lines, ["INFO:process1:Pid:2796"]);
 * ```
 */
export function startLog(options: LogOptions = {}): void {
  const { format = "lab", verbose = false, calls = false } = options;
  const { write = writeError } = options;
  const show = write === writeError ? terminalLine : labLine;
  const render = format === "json"
    ? jsonLine
    : (record: LogRecord) => show(lineOf(record));
  configureSync({
    reset: true,
    sinks: {
      lines(record) {
        const isCall = record.properties.event === "call";
        const wanted = record.level !== "debug" || (isCall ? calls : verbose);
        if (wanted) write(render(record));
      },
    },
    loggers: [
      {
        category: [],
        sinks: ["lines"],
        lowestLevel: verbose || calls ? "debug" : "info",
      },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
}

/** What happened, as the JSON log names it. */
export type Event =
  | "start"
  | "wait"
  | "write"
  | "deliver"
  | "pause"
  | "read"
  | "call"
  | "retry"
  | "full"
  | "error"
  | "finish";

/** How much moved, and how fast. */
export interface Summary {
  /** Values. */
  count: number;
  /** Seconds between the first and the last of them. */
  seconds: number;
}

/**
 * The log of one process, one method for each kind of line. It writes nothing
 * before {@linkcode startLog} was called.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * startLog({ write: (line) => lines.push(line) });
 * const log = new ProcessLog("process1", 2796);
 * log.start();
 * log.write("7", 1);
 * log.finish();
 * assertEquals(lines, [
 *   "INFO:process1:Pid:2796",
 *   "INFO:process1:Writing 7",
 *   "INFO:process1:Finished process 1",
 * ]);
 * ```
 */
export class ProcessLog {
  /** The name in the middle of `LEVEL:name:text`. */
  readonly name: string;
  #pid: number;
  #logger;

  /**
   * Makes the log of a process.
   *
   * @param name `parent`, `process1` (the producer), `process2` (the consumer).
   */
  constructor(name: string, pid: number = Deno.pid) {
    this.name = name;
    this.#pid = pid;
    this.#logger = getLogger([name]);
  }

  /** `Pid:2796` */
  start(): void {
    this.#info("start", "Pid:{pid}", {});
  }

  /**
   * `Writing 7`
   *
   * @param seq The message's sequence number.
   * @param priority The message's priority, for the JSON log; 0 for none.
   */
  write(value: string, seq: number, priority = 0): void {
    const more = priority > 0 ? { priority } : {};
    this.#info("write", "Writing {value}", { value, seq, ...more });
  }

  /** `Delivered 7`: the consumer has acknowledged it. */
  deliver(value: string, seq: number): void {
    this.#info("deliver", "Delivered {value}", { value, seq });
  }

  /** `Read: 7` */
  read(value: string, seq: number): void {
    this.#info("read", "Read: {value}", { value, seq });
  }

  /** `Intentionally sleeping for 5 seconds`. @param ms Milliseconds. */
  pause(ms: number): void {
    const duration = seconds(ms);
    this.#info("pause", `Intentionally sleeping for ${duration}`, { ms });
  }

  /** `Data not available sleeping for 1 second before retrying`. */
  retry(refusal: Refusal, attempt: number, ms: number): void {
    const event = refusal === FULL ? "full" : "retry";
    this.#info(event, retryLine(refusal, ms), { attempt, ms });
  }

  /** `Finished process 1` */
  finish(): void {
    const words = this.name.replace(/(\d+)$/, " $1");
    this.#info("finish", `Finished ${words}`, {});
  }

  /** `Read 10 values in 0.200 seconds ...`. @param did `Wrote` or `Read`. */
  summary(did: string, { count, seconds }: Summary): void {
    const perSecond = seconds > 0 ? Math.round(count / seconds) : count;
    this.#info(
      "finish",
      `${did} ${count} ${count === 1 ? "value" : "values"} in ${
        seconds.toFixed(3)
      } seconds` +
        ` (${perSecond} values per second)`,
      { count, seconds, perSecond },
    );
  }

  /** An INFO line. @param values Added to the JSON object. */
  info(text: string, values: Record<string, unknown> = {}): void {
    this.#logger.info("{text}", { ...values, text, pid: this.#pid });
  }

  /** A DEBUG line, written only with `verbose`. */
  debug(text: string): void {
    this.#logger.debug("{text}", { text, pid: this.#pid });
  }

  /** A call of the C library, `read(5, "1\\n", 65536) = 2`: a DEBUG line. */
  call({ text, ...values }: { text: string; [name: string]: unknown }): void {
    const properties = { event: "call", ...values, text, pid: this.#pid };
    this.#logger.debug("{text}", properties);
  }

  /** A WARNING line. @param values Added to the JSON object. */
  warn(text: string, values: Record<string, unknown> = {}): void {
    this.#logger.warn("{text}", { ...values, text, pid: this.#pid });
  }

  /** An ERROR line. @param values Added to the JSON object. */
  error(text: string, values: Record<string, unknown> = {}): void {
    const properties = { event: "error", ...values, text, pid: this.#pid };
    this.#logger.error("{text}", properties);
  }

  #info(event: Event, template: string, values: Record<string, unknown>) {
    this.#logger.info(template, { event, ...values, pid: this.#pid });
  }
}
