import { markdownTable } from "markdown-table";
import type { Properties } from "../channel/mod.ts";
import { MECHANISMS } from "./mod.ts";

const COLUMNS = [
  "mechanism",
  "kernel object",
  "direction",
  "opened by",
  "outlives its processes",
  "keeps boundaries",
  "capacity",
];

function capacityText(capacity: Properties["capacity"]): string {
  if ("bytes" in capacity) return `${capacity.bytes} bytes`;
  return `${capacity.messages} messages${
    capacity.chosen ? " (--capacity)" : ""
  }`;
}

/**
 * The properties of every mechanism as a Markdown table; the contract tests
 * prove them.
 *
 * @param here Add what this machine, and this process's permissions, allow?
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 *
 * assertStringIncludes(mechanismTable(), "| fifo ");
 * ```
 */
export function mechanismTable({ here = false } = {}): string {
  const yes = (value: boolean) => value ? "yes" : "no";
  const rows = MECHANISMS.map(({ name, properties: p, available }) => {
    const there = available();
    return [
      name,
      p.object,
      p.direction,
      p.openedBy,
      yes(p.outlives),
      yes(p.boundaries),
      capacityText(p.capacity),
      ...here ? [there === true ? "yes" : `no: ${there}`] : [],
    ];
  });
  const columns = here ? [...COLUMNS, "available here"] : COLUMNS;
  return markdownTable([columns, ...rows]) + "\n";
}
