// The soak is no part of the tests, but a short one is: a few kills over each
// mechanism, every value accounted for, and nothing left behind.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { COMMAND_COUNT } from "../../lib/soak/interrupts.ts";
import { namesIn } from "../../lib/posix/folder.ts";
import { freshName, run, shell, start, taskArguments } from "../scripts.ts";

/** Seconds after which a soak of the tests is ended: then something is wrong. */
const LONGEST_MS = 240_000;

/** Ends the soak in any case: it then ends its children, and says what it saw. */
function bounded(soak: { kill(signal: Deno.Signal): void }): Disposable {
  const timer = setTimeout(() => soak.kill("SIGTERM"), LONGEST_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function soakLeftovers(): string[] {
  return namesIn("run").filter((name) => name.startsWith("soak-"));
}

/** A seed for each kind of round, and the mechanisms to try it with. */
const ROUNDS: [kills: string, seed: number, via: string[]][] = [
  [
    "producers and consumers",
    5,
    ["fifo", "pipe", "queue", "shm", "socket"],
  ],
  ["labs", 10, ["fifo", "shm", "workers"]],
  ["clients", 11, ["fifo", "queue"]],
];
const RUNS = ROUNDS.flatMap(([what, seed, vias]) =>
  vias.map((name) => ({ what, seed, name }))
);

for (const { what, seed, name } of RUNS) {
  Deno.test(`soak: kills of ${what} over ${name} lose, repeat and tear nothing`, async () => {
    await using soak = start("soak", [
      `--via=${name}`,
      "--kills=3",
      `--seed=${seed}`,
    ]);
    using _bound = bounded(soak);
    const { code, log } = await soak.ended();
    assertEquals(code, 0, log);
    const table = new TextDecoder().decode(await soak.output());
    // kills, others, written, lost; then twice, torn, left and wrong
    assertMatch(
      table,
      new RegExp(
        `^\\| ${name} +\\| +3 \\| +\\d+ \\| +\\d+ \\| +\\d+ ` +
          "\\| +0 \\| +0 \\| +\\d+ \\| +0 \\|$",
        "m",
      ),
    );
    const wide = table.split("\n").filter((line) => line.length > 80);
    assertEquals(wide, []);
  });
}

// The first round of seed 0 has labs, that of 1 a server, that of 2 two ends.
for (const seed of [0, 1, 2]) {
  Deno.test(`soak: Ctrl-C gives the counts so far, and ends all processes, seed ${seed}`, async () => {
    const flags = ["--via=fifo", "--kills=1000", `--seed=${seed}`];
    const before = soakLeftovers();
    const names = () =>
      soakLeftovers().filter((name) => !before.includes(name));
    await using soak = start("soak", flags);
    using _bound = bounded(soak);
    while (names().length === 0) await delay(5); // its first process is at work
    soak.kill("SIGINT");
    const { code, log } = await soak.ended();
    assertEquals(code, 130, log);
    assert(!log.includes("ERROR"), log);
    const table = new TextDecoder().decode(await soak.output());
    assertMatch(table, /^\| fifo +\| +\d+ \|.*\| +0 \|$/m);
    assertEquals(names(), []);
  });
}

Deno.test("soak: what Ctrl-C finds on its way is not wrong", async () => {
  const json = `run/${freshName()}.json`;
  const flags = ["--via=fifo", "--kills=1000", "--seed=4", `--json=${json}`];
  const before = soakLeftovers();
  const names = () => soakLeftovers().filter((name) => !before.includes(name));
  await using soak = start("soak", flags);
  using _bound = bounded(soak);
  while (names().length === 0) await delay(5);
  // The consumer never gets the values that we take.
  await using reader = shell(`head -c 1000 run/${names()[0]}`);
  await reader.ended();
  soak.kill("SIGINT");
  const { code, log } = await soak.ended();
  assertEquals(code, 130, log);
  const { totals: [total] } = JSON.parse(await Deno.readTextFile(json));
  await Deno.remove(json);
  assertEquals([total.via, total.unexplained], ["fifo", 0]);
  assertEquals(names(), []);
});

Deno.test("soak: Ctrl-C at a random moment ends each command with 130", async () => {
  await using soak = start("soak", ["--kills=0", "--interrupts=1"]);
  using _bound = bounded(soak);
  const { code, log } = await soak.ended();
  const table = new TextDecoder().decode(await soak.output());
  assertEquals(code, 0, `${log}\n${table}`);
  const rows = table.split("\n").filter((row) => /\| +1 \| +0 \|$/.test(row));
  assertEquals(rows.length, COMMAND_COUNT, table);
});

Deno.test("soak: --via is refused where no mechanism is chosen", async () => {
  const flags = ["--via=fifo", "--kills=0", "--interrupts=1"];
  const { code, log } = await run("soak", flags);
  assertEquals(code, 2, log);
  assertMatch(log, /--via=fifo: it must be left out with --kills=0/);
});

Deno.test("soak: what one mechanism meets does not lose the others' counts", async () => {
  const json = `run/${freshName()}.json`;
  const command = taskArguments("soak").join(" ");
  await using soak = shell(
    `prlimit --msgqueue=0 '${Deno.execPath()}' ${command} --via=pipe,queue --kills=1 --seed=5 --json=${json}`,
  );
  using _bound = bounded(soak);
  const { code, log } = await soak.ended();
  assertEquals(code, 1, log);
  assertMatch(log, /\nERROR:soak:Cannot go on over queue/);
  const table = new TextDecoder().decode(await soak.output());
  assertMatch(table, /^\| pipe +\| +1 \|.*\| +0 \|$/m);
  const { totals } = JSON.parse(await Deno.readTextFile(json));
  await Deno.remove(json);
  assertEquals(totals[0].via, "pipe");
});
