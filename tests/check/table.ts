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

const PARTS = 4; // processes that share the work: a run mostly sleeps
const EXAMPLES = [...RIGHT, ...WRONG];

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

/** Every `PARTS`th example. @returns By its index, how many runs were right. */
async function runPart(part: number, runs: number): Promise<string> {
  const counts: Record<number, number> = {};
  for (const [i, example] of EXAMPLES.entries()) {
    if (i % PARTS !== part || !isInstalled(needs(example))) continue;
    counts[i] = await count(example, runs);
    say(`${example.title}: ${counts[i]} of ${runs}`);
  }
  return JSON.stringify(counts);
}

/** Starts a process for each part. */
async function runAll(runs: number): Promise<Record<number, number>> {
  const parts = Array.from({ length: PARTS }, async (_, part) => {
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.url, `--part=${part}`, `--runs=${runs}`],
      stderr: "inherit",
    }).output();
    if (!success) throw new Error(`Part ${part} has failed`);
    return JSON.parse(new TextDecoder().decode(stdout));
  });
  return Object.assign({}, ...await Promise.all(parts));
}

function page(counts: Record<number, number>, runs: number, said: string) {
  const rows = Object.entries(counts).map(([i, right]) => {
    const { title, rule } = EXAMPLES[Number(i)];
    const must = rule === undefined ? "pass" : `fail by rule ${rule}`;
    return [title, must, `${right} of ${runs}`];
  });
  const head = ["program", "must", "did"];
  const table = [head, head.map(() => "---"), ...rows]
    .map((row) => `| ${row.join(" | ")} |\n`).join("");
  const text = Deno.readTextFileSync(PAGE);
  return text.replace(
    /(?<=<!-- table -->\n)[^]*?(?=<!-- end -->)/,
    () => `\n${said}\n\n${table}\n`,
  );
}

const { runs = "20", loops = "4", part, help } = parseArgs(Deno.args, {
  string: ["runs", "loops", "part"],
  boolean: ["help"],
});
if (help) {
  say(
    "Runs right and wrong programs again and again beside busy loops, for\n" +
      "minutes, and writes the table of docs/checking.md.\n\n" +
      "Usage: deno task check-table [--runs=20] [--loops=4]",
  );
} else if (part !== undefined) {
  const counts = await runPart(Number(part), Number(runs));
  Deno.stdout.writeSync(new TextEncoder().encode(counts));
} else {
  const loop = () =>
    new Deno.Command("sh", { args: ["-c", "while :; do :; done"] }).spawn();
  const busy = Array.from({ length: Number(loops) }, loop);
  try {
    const before = Deno.loadavg()[0];
    const counts = await runAll(Number(runs));
    const after = Deno.loadavg()[0];
    const said = `On ${navigator.hardwareConcurrency} processors, ${PARTS} ` +
      `programs at a time and ${loops} busy loops beside them; the load ` +
      `average was ${before.toFixed(1)} before and ${after.toFixed(1)} after.`;
    await Deno.writeTextFile(PAGE, page(counts, Number(runs), said));
    const args = ["fmt", "--quiet", PAGE.pathname];
    const { success } = await new Deno.Command(Deno.execPath(), { args })
      .output();
    if (!success) throw new Error(`Cannot format ${PAGE.pathname}`);
  } finally {
    for (const each of busy) {
      each.kill("SIGKILL");
      await each.status;
    }
  }
}
