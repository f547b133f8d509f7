// Runs every program of fixtures/programs/ again and again, and writes the table
// of docs/checking.md:
//   deno task check-table [--runs=20] [--loops=4]
import { parseArgs } from "@std/cli/parse-args";
import {
  type Example,
  freshFolder,
  isInstalled,
  judged,
  needs,
  programsOf,
  RIGHT,
  WRONG,
  wrongVerdict,
} from "./programs.ts";

const PAGE = new URL("../../docs/checking.md", import.meta.url);

/** Runs an example so often. @returns How many runs got the right verdict. */
async function count(example: Example, runs: number): Promise<number> {
  await using folder = await freshFolder();
  const programs = programsOf(example, folder.path);
  let right = 0;
  for (let i = 0; i < runs; i++) {
    const program = programs[i % programs.length]; // both orders, in turn
    const { judgement } = await judged(program, example);
    const wrong = wrongVerdict(example, judgement);
    if (wrong === undefined) right++;
    else say(`${example.title}, run ${i + 1}: ${wrong}`);
  }
  return right;
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text + "\n"));
}

function table(rows: string[][]): string {
  const [head, ...rest] = rows;
  return [head, head.map(() => "---"), ...rest]
    .map((row) => `| ${row.join(" | ")} |\n`).join("");
}

const { runs = "20", loops = "4" } = parseArgs(Deno.args, {
  string: ["runs", "loops"],
});
const busy = Array.from(
  { length: Number(loops) },
  () => new Deno.Command("sh", { args: ["-c", "while :; do :; done"] }).spawn(),
);
try {
  const rows = [["program", "is", "must", "runs", "did"]];
  const loads: number[] = [];
  for (
    const [kind, examples] of [["right", RIGHT], ["wrong", WRONG]] as const
  ) {
    for (const example of examples) {
      if (!isInstalled(needs(example))) continue;
      const right = await count(example, Number(runs));
      const must = example.rule === undefined
        ? "pass"
        : `fail rule ${example.rule}`;
      rows.push([example.title, kind, must, String(runs), String(right)]);
      loads.push(Deno.loadavg()[0]);
      say(rows[rows.length - 1].join(", "));
    }
  }
  const [least, most] = [Math.min(...loads), Math.max(...loads)];
  const said =
    `Measured on ${navigator.hardwareConcurrency} processors, with ` +
    `${loops} busy loops beside it; the load average was ${
      least.toFixed(1)
    } to ${most.toFixed(1)}.\n\n`;
  const page = await Deno.readTextFile(PAGE);
  await Deno.writeTextFile(
    PAGE,
    page.replace(
      /(?<=<!-- table -->\n)[^]*?(?=<!-- end -->)/,
      () => `\n${said}${table(rows)}\n`,
    ),
  );
} finally {
  for (const loop of busy) {
    loop.kill("SIGKILL");
    await loop.status;
  }
}
