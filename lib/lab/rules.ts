/**
 * The rules across the flags of producer, consumer and lab.
 *
 * @module
 */
import { type Mechanism, NAME } from "../channel/mod.ts";
import type { Written } from "../cli/define.ts";
import { wholeNumber } from "../cli/flag.ts";
import type { FormatName } from "../message/format_names.ts";
import { MAX_NAME, NAMES_ARE, UNIQUE_LENGTH } from "./channel_flags.ts";

/** Rules of the flags that both ends have. */
export function checkMoving<
  Options extends {
    mechanism: Mechanism;
    capacity?: number;
    sync?: boolean;
    format: FormatName;
  },
>(options: Options, written: Written) {
  const { mechanism, capacity, format } = options;
  const { properties, name: via } = mechanism;
  const { capacity: held, openedBy } = properties;
  const unbuffered = capacity === 0; // that is a rendezvous
  const sync = options.sync || unbuffered;
  if (sync && openedBy !== "name") {
    written.refuse(
      unbuffered ? "capacity" : "sync",
      `left out with --via=${via}: process 2 cannot say over it that it took the value`,
    );
  }
  if (sync && format === "line") {
    written.refuse("format", "header with --sync, as a line has no Reply-To");
  }
  if (unbuffered || capacity === undefined) {
    return { ...options, sync, capacity: undefined };
  }
  if ("bytes" in held || !held.chosen) {
    const holds = "bytes" in held
      ? `the kernel's buffer holds ${held.bytes} bytes`
      : `its buffer holds ${held.messages} messages`;
    written.refuse("capacity", `left out with --via=${via}: ${holds}`);
  } else if (held.most !== undefined && capacity > held.most) {
    written.refuse("capacity", wholeNumber(1, held.most));
  }
  return { ...options, sync, capacity };
}

/** Rules of the flags that the producing end has. */
export function checkProducing<
  Options extends {
    from: number;
    count: number;
    input?: string;
    priority?: number;
    priorities?: number[];
  },
>(options: Options, written: Written) {
  const { priority, ...rest } = options;
  const { from, count, input, priorities } = options;
  if (input !== undefined) {
    // Else a reader would wonder why so many values came.
    for (const flag of ["from", "count"].filter(written.has)) {
      written.refuse(flag, "left out with --input, which sends every line");
    }
  }
  if (priority !== undefined && priorities !== undefined) {
    written.refuse("priority", "left out with --priorities");
  }
  const last = Number.MAX_SAFE_INTEGER - count + 1;
  if (from > last) written.refuse("from", wholeNumber(0, last));
  const all = priority === undefined ? undefined : [priority];
  return { ...rest, priorities: priorities ?? all };
}

/** Each file of a lab must be another one. */
export function checkFiles(
  { input, output, record, perfetto }: {
    input?: string;
    output?: string;
    record?: string;
    perfetto?: string;
  },
  written: Written,
): void {
  const seen = new Map<string, string>();
  const files = Object.entries({ input, output, record, perfetto });
  for (const [flag, path] of files) {
    if (path === undefined || path === "-") continue;
    const plain = path.replace(/^(\.\/+)+/, "");
    const same = seen.get(plain);
    if (same) written.refuse(flag, `another file than that of --${same}`);
    seen.set(plain, flag);
  }
}

/** A mailbox is called NAME.PROCESS, which must be a name too. */
export function checkMailbox(
  { name, as, to, sync }: {
    name: string;
    as?: string;
    to?: string;
    sync?: boolean;
  },
  written: Written,
): void {
  const { length } = `${name}.${as ?? "process1"}`;
  const most = MAX_NAME - UNIQUE_LENGTH;
  if (sync && length > most) {
    const words = `NAME.PROCESS has at most ${most} characters with --sync`;
    written.refuse("name", `shorter, as ${words}`);
  }
  for (const [flag, process] of Object.entries({ as, to })) {
    if (process !== undefined && !NAME.test(`${name}.${process}`)) {
      written.refuse(flag, NAMES_ARE);
    }
  }
}
