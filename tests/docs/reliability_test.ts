// docs/reliability.md: its table is one that the soak prints, and its commands
// can be read.
import { assert, assertEquals } from "@std/assert";
import { readCommandLine } from "../../lib/cli/command_line.ts";
import { MECHANISMS } from "../../lib/mechanism/mod.ts";
import { SOAK } from "../../lib/soak/flags.ts";
import { report } from "../../lib/soak/report.ts";
import { emptyResult, type Total } from "../../lib/soak/result.ts";

const PAGE = new URL("../../docs/reliability.md", import.meta.url);
const TABLE = /<!-- soak -->\n\n([^]*?)\n(?=## )/;
const COMMAND = /^deno task soak ?(.*)$/gm;

function cells(row: string): string[] {
  return row.split("|").slice(1, -1).map((cell) => cell.trim());
}

Deno.test("reliability.md shows a table that the soak prints", async () => {
  const page = await Deno.readTextFile(PAGE);
  const [, text = ""] = TABLE.exec(page) ?? [];
  const [, , ...rows] = text.split("\n\n")[0].split("\n").map(cells);
  const totals = rows.map((row): Total => {
    const [via, ...counts] = row;
    const [kills, signals, written, lost, repeated, torn, left, unexplained] =
      counts.map(Number);
    return {
      ...emptyResult(),
      via,
      ...{ kills, signals, written, lost, repeated, torn, left, unexplained },
    };
  });
  assertEquals(text, report(totals));
  for (const { via, repeated, torn } of totals) {
    assertEquals([repeated, torn], [0, 0], via);
    assert(MECHANISMS.some(({ name }) => name === via), via);
  }
});

Deno.test("reliability.md: every command of the soak can be read", async () => {
  const commands = [...(await Deno.readTextFile(PAGE)).matchAll(COMMAND)];
  assert(commands.length > 0);
  for (const [, args] of commands) {
    readCommandLine(SOAK, args.split(" ").filter((arg) => arg));
  }
});
