import { markdownTable } from "markdown-table";
import type { Mechanism, Properties } from "../channel/mod.ts";
import { LabError } from "../error.ts";
import { MECHANISMS } from "./mod.ts";

type Column = [heading: string, cell: (mechanism: Mechanism) => string];

const COLUMNS: Column[] = [
  ["--via", ({ name }) => name],
  ["kernel object", ({ properties }) => properties.object],
  ["direction", ({ properties }) => properties.direction],
  ["found by", ({ properties }) => properties.openedBy],
  ["outlives", ({ properties }) => properties.outlives ? "yes" : "no"],
  ["records", ({ properties }) => properties.boundaries ? "whole" : "stream"],
  ["holds", ({ properties }) => capacityText(properties.capacity)],
];

function capacityText(capacity: Properties["capacity"]): string {
  return "bytes" in capacity
    ? `${capacity.bytes} bytes`
    : `${capacity.messages} messages`;
}

const HEADINGS = COLUMNS.map(([heading]) => heading);
const ROWS = MECHANISMS.map((mechanism) =>
  COLUMNS.map(([, cell]) => cell(mechanism))
);

/**
 * The properties of every mechanism as a Markdown table; the contract tests
 * prove them.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 *
 * assertStringIncludes(mechanismTable(), "| fifo ");
 * ```
 */
export function mechanismTable(): string {
  return markdownTable([HEADINGS, ...ROWS]) + "\n";
}

/**
 * The same for a terminal of 80 columns, and which are not available here.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 *
 * assertStringIncludes(await mechanismLines(), "fifo     mkfifo(3)");
 * ```
 */
export async function mechanismLines(): Promise<string> {
  const rows = [HEADINGS, ...ROWS];
  const widths = HEADINGS.map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  const lines = rows.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()
  );
  const missing: string[] = [];
  for (const mechanism of MECHANISMS) {
    const why = await refusalOf(mechanism);
    if (why !== undefined) {
      missing.push(`${mechanism.name} is not available: ${why}`);
    }
  }
  const here = missing.length === 0
    ? ["All are available on this machine."]
    : missing;
  return [...lines, "", ...here, ""].join("\n");
}

/** Why the mechanism does not work here; `undefined`: it does. */
async function refusalOf(
  { available, load }: Mechanism,
): Promise<string | undefined> {
  const there = available();
  if (there !== true) return there;
  try {
    await (await load()).tryOut?.();
  } catch (error) {
    if (error instanceof LabError) return error.message;
    throw error;
  }
}
