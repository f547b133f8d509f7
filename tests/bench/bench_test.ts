import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import { Check, Payload, STOP } from "../../lib/bench/payload.ts";
import type { Conduct } from "../../lib/bench/machine.ts";
import type { Result, Round } from "../../lib/bench/result.ts";
import { summarize } from "../../lib/bench/summary.ts";
import { UsageError } from "../../lib/error.ts";
import { help } from "../../lib/cli/help.ts";
import { MECHANISMS } from "../mechanisms.ts";
import { readCommandLine } from "../../lib/cli/command_line.ts";
import { BENCH } from "../../lib/bench/flags.ts";
import { SystemError } from "../../lib/posix/libc.ts";
import { MessageQueue } from "../../lib/posix/mqueue.ts";
import { isAlive } from "../../lib/posix/process.ts";
import { openShared } from "../../lib/posix/shm.ts";
import { Ring } from "../../lib/shared_memory/ring.ts";
import { runPath } from "../../lib/mechanism/run_folder.ts";
import {
  freshName,
  leftovers,
  run,
  type Running,
  shell,
  start,
  taskArguments,
} from "../scripts.ts";

const NAMES = MECHANISMS.map(({ name }) => name);
/** Those that this machine has; without nats-server, all but nats. */
const HERE = MECHANISMS.filter(({ available }) => available() === true)
  .map(({ name }) => name);
/** How many rows that makes, with the two baselines. */
const COUNT = HERE.length + 2;
const BASELINES = ["direct call", "copy"];

/** The bytes of messages with these numbers, in a row. */
function messages(size: number, ...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(size * numbers.length);
  const payload = new Payload(size);
  numbers.forEach((number, i) => {
    payload.number(number);
    bytes.set(payload.bytes, i * size);
  });
  return bytes;
}

/** Checks bytes in pieces. @returns The check, and how many messages it counted. */
function taken(size: number, bytes: Uint8Array, piece = bytes.length) {
  const check = new Check(size);
  let count = 0;
  for (let at = 0; at < bytes.length; at += piece) {
    count += check.take(bytes.subarray(at, at + piece));
  }
  return { check, count };
}

Deno.test("Check counts whole messages, in pieces of any length", () => {
  for (const size of [8, 100, 1024]) {
    const bytes = messages(size, 1, 2, 3, 4, 5);
    for (const piece of [1, 3, 4, 8, 60, 513, 700, bytes.length]) {
      const { check, count } = taken(size, bytes, piece);
      assertEquals([count, check.last, check.over], [5, 5, false]);
      check.take(messages(size, STOP).subarray(0, 5));
      assert(!check.over);
      check.take(messages(size, STOP).subarray(5));
      assertEquals([check.last, check.over], [5, true]);
    }
  }
});

Deno.test("Check names the byte that is wrong, at every place", () => {
  for (const size of [8, 100, 1024]) {
    for (const piece of [size * 3, 7]) {
      for (const at of [0, 1, 3, 4, size - 1, size, size + 5, 2 * size + 2]) {
        const bytes = messages(size, 1, 2, 3);
        bytes[at] ^= 0x10;
        const says = `Wrong byte ${at % size} of message ` +
          `${Math.floor(at / size) + 1}: ${bytes[at]} instead of`;
        assertThrows(() => taken(size, bytes, piece), Error, says);
      }
    }
  }
});

const LOST: [what: string, ...numbers: number[]][] = [
  ["is missing", 1, 3],
  ["is missing at the start", 2],
  ["came twice", 1, 1],
  ["came too early", 1, 3, 2],
];

for (const [what, ...numbers] of LOST) {
  Deno.test(`Check refuses a message that ${what}`, () => {
    for (const size of [8, 1024]) {
      const bytes = messages(size, ...numbers);
      assertThrows(() => taken(size, bytes), Error, "Wrong byte 0 of message");
    }
  });
}

Deno.test("Check refuses a message whose end is cut off", () => {
  const cut = [...messages(100, 1).subarray(0, 60), ...messages(100, 2)];
  assertThrows(() => taken(100, new Uint8Array(cut)), Error, "Wrong byte 60");
});

Deno.test("summarize() takes the median of the rounds and keeps their spread", () => {
  const round = (number: number, p50: number): Round => {
    const cpuSeconds = 2 * p50;
    const memory = [number, 10 - number];
    const flow = { count: 1000, batch: 1, seconds: p50, cpuSeconds, memory };
    return {
      mechanism: "fifo",
      wait: "spin",
      size: 100,
      round: number,
      roundTrip: { count: 10, p50, p99: 2 * p50, mean: 3 * p50, cpuSeconds },
      single: flow,
      batched: { ...flow, count: 5000, batch: 5 },
      lost: { shared: number / 10, stolen: 0 },
    };
  };
  const [result, ...more] = summarize([round(1, 4), round(2, 1), round(3, 2)]);
  assertEquals(more, []);
  const { roundTrip, single, batched } = result;
  assertEquals(roundTrip.p50, { median: 2, min: 1, max: 4 });
  assertEquals([roundTrip.p99.median, roundTrip.mean.median], [4, 6]);
  assertEquals(single.perSecond, { median: 500, min: 250, max: 1000 });
  assertEquals(single.megabytesPerSecond.median, 0.05);
  assertEquals(single.cpuSecondsPerMillion.median, 4000);
  assertEquals(batched.perSecond.median, 2500);
  assertEquals(result.lost, { shared: 0.2, stolen: 0 });
  assertEquals([result.memory, result.rounds], [[3, 9], 3]);
});

const BAD: [flag: string, says: string][] = [
  [
    "--via=fifo,smoke",
    "--via=fifo,smoke: it must be all, or some of fifo, pipe, queue, shm, workers, socket, nats with commas between",
  ],
  ["--via=", "--via=: it must be all, or some of"],
  ["--wait=retry", "--wait=retry: it must be some of block, spin"],
  ["--size=10", "--size=10: it must be multiples of 4 from 8 to 1048576"],
  ["--size=4", "--size=4: it must be multiples of 4"],
  ["--size=8,1048580", "--size=8,1048580: it must be multiples of 4"],
  ["--seconds=0", "--seconds=0: it must be a number from 0.01 to 3600"],
  ["--seconds=1s", "--seconds=1s: it must be a number from"],
  ["--json=", "--json=: it must be a file in this folder"],
  ["--plot=-", "--plot=-: it must be a file in this folder"],
  [
    "--count=3",
    "Cannot use --count=3: bench knows --via --server --wait --size",
  ],
];

for (const [flag, says] of BAD) {
  Deno.test(`readCommandLine() refuses bench ${flag}`, () => {
    assertThrows(() => readCommandLine(BENCH, [flag]), UsageError, says);
  });
}

Deno.test("readCommandLine() refuses flags of bench that contradict each other", () => {
  const both: [string[], string][] = [
    [["--quick", "--seconds=1"], "--seconds=1: it must be left out with"],
    [["--json=x.svg", "--plot=x.svg"], "--plot=x.svg: it must be another file"],
    [["--plot=x.png"], "--plot=x.png: it must be a file that ends in .svg"],
  ];
  for (const [flags, says] of both) {
    assertThrows(() => readCommandLine(BENCH, flags), UsageError, says);
  }
});

Deno.test("readCommandLine() reads the lists of bench", () => {
  const { options: bench } = readCommandLine(BENCH, [
    "--via=shm,fifo",
    "--wait=spin",
    "--size=1024,8,8",
    "--seconds=0.2",
  ]);
  assertEquals(bench.via, ["shm", "fifo"]);
  const { waits, sizes, seconds, named } = bench;
  assertEquals([waits, sizes, seconds, named], [
    ["spin"],
    [8, 1024],
    0.2,
    true,
  ]);
  const { options } = readCommandLine(BENCH, ["--via=all", "--quick"]);
  assertEquals(options.via, NAMES);
  assertEquals(options.named, false);
});

Deno.test("help() of the benchmark names its flags and no others", () => {
  const text = help(BENCH);
  for (const flag of ["via=LIST", "wait=LIST", "size=", "seconds=", "json="]) {
    assert(text.includes(`\n  --${flag}`), flag);
  }
  assert(!text.includes("--name") && !text.includes("DURATION"));
});

/** The content of the JSON file. */
interface Report {
  version: string;
  started: string;
  machine: Record<string, unknown>;
  runtime: Record<string, unknown>;
  conduct: Conduct;
  settings: { via: string[]; rounds: number; [setting: string]: unknown };
  leftOut: string[];
  rounds: Round[];
  results: Result[];
}

/** Runs a short benchmark. @returns Its table, log and JSON. */
async function bench(...flags: string[]) {
  const file = runPath(`${freshName()}.json`);
  const short = ["--seconds=0.01", ...flags, `--json=${file}`];
  await using script = start("bench", short);
  const { code, log } = await script.ended();
  assertEquals(code, 0, log);
  assertNothingLeft(script);
  const report: Report = JSON.parse(await Deno.readTextFile(file));
  await Deno.remove(file);
  const table = new TextDecoder().decode(await script.output());
  return { table, log, report };
}

/** The mechanisms in a table, from top to bottom, and their ways of waiting. */
function rows(table: string): string[] {
  return table.split("\n").flatMap((line) => {
    const [, name, wait] = /^\| (\w[\w ]*?)[*!]* +\| (\w*) +\|/.exec(line) ??
      [];
    return name === undefined || name === "mechanism"
      ? []
      : [`${name} ${wait}`.trim()];
  });
}

/** The tables: round trip and one way of the first size, of the second, ... */
function tables(report: string): string[] {
  return report.split(/^## .*$/m).slice(1);
}

/** No line is longer than a terminal is wide. */
function assertFits(report: string) {
  assertEquals(report.split("\n").filter((line) => [...line].length > 80), []);
}

function assertNothingLeft({ pid }: Running, pids: number[] = []) {
  assertEquals(leftovers(`bench.${pid}`), []);
  assertEquals(pids.filter(isAlive), []);
  // Each mechanism has a set of names of its own.
  for (const set of NAMES.keys()) {
    for (const way of ["there", "back"]) {
      const name = `/ipc-lab-${Deno.uid()}.bench.${pid}.${set}.${way}`;
      assertThrows(() => MessageQueue.open(name), SystemError, "No such file");
    }
  }
}

Deno.test("bench measures every mechanism, and both baselines first", async () => {
  const picture = runPath(`${freshName()}.svg`);
  const flags = ["--wait=block", "--size=100", `--plot=${picture}`];
  const { table, log, report } = await bench(...flags);
  assertMatch(
    log,
    new RegExp(`^INFO:bench:Measuring ${COUNT} combinations in 5 rounds`, "m"),
  );
  assertMatch(log, /^INFO:bench:Wrote run\/.*\.svg$/m);
  assertMatch(await Deno.readTextFile(picture), /^<svg/);
  await Deno.remove(picture);

  const { version, started, machine, runtime, settings, rounds } = report;
  assertEquals(version, config.version);
  assertEquals(new Date(started).toISOString(), started);
  assertEquals(Object.keys(machine), [
    ...["cpu", "processors", "usable", "memory", "kernel", "architecture"],
  ]);
  const { load, stolen, flags: trips } = report.conduct;
  assert(load.before >= 0 && load.after >= 0 && stolen >= 0 && stolen <= 1);
  assert(trips.before === undefined || trips.before > 0);
  assertEquals(runtime, { ...Deno.version });
  assertEquals(settings, {
    via: NAMES,
    wait: ["block"],
    size: [100],
    seconds: 0.01,
    rounds: 5,
    peers: false,
    quick: false,
  });
  assertEquals(report.leftOut, []);
  assertEquals(rounds.length, 5 * COUNT);
  for (const mechanism of [...BASELINES, ...HERE]) {
    const own = rounds.filter((round) => round.mechanism === mechanism);
    assertEquals(own.map(({ round }) => round), [1, 2, 3, 4, 5]);
    for (const { roundTrip, single, batched } of own) {
      const counts = [roundTrip.count, single.count, batched.count];
      assert(counts.every((count) => count > 0), mechanism);
      assertEquals([single.batch, batched.batch], [1, 40]);
    }
  }
  assertEquals(report.results, summarize(rounds));

  // After the baselines, the fastest round trip comes first.
  const expected = report.results.filter(({ wait }) => wait)
    .sort((a, b) => a.roundTrip.p50.median - b.roundTrip.p50.median)
    .map(({ mechanism }) => `${mechanism} block`);
  const order = [...BASELINES, ...expected];
  assertEquals(rows(table), [...order, ...order]); // round trip, one way
  assertFits(table);
});

Deno.test("bench waits in both ways, and leaves out messages that are too long", async () => {
  const { table, log } = await bench("--via=queue,shm", "--size=8192,16384");
  assertMatch(
    log,
    /^INFO:bench:Left out: queue with 16384 bytes, as it takes 8192 at most$/m,
  );
  const names = tables(table).filter((_, i) => i % 2 === 0).flatMap(rows);
  const [queues, both] = [
    ["queue block", "queue spin"],
    ["shm block", "shm spin"],
  ];
  assertEquals(names.slice(0, 2), BASELINES);
  assertEquals(names.slice(2, 6).sort(), [...queues, ...both]);
  assertEquals(names.slice(6, 8), BASELINES);
  assertEquals(names.slice(8).sort(), both);
});

Deno.test("bench --capacity chooses how many messages a ring holds, and says so", async () => {
  const flags = ["--via=fifo,shm", "--wait=block", "--size=8", "--capacity=2"];
  const { table, report } = await bench(...flags);
  assert(table.includes("\n--capacity=2\n"), table);
  assertEquals(report.settings.capacity, 2);
  await using script = start("bench", [...flags, "--seconds=100"]);
  await script.saw("Measuring");
  for (const way of ["there", "back"]) {
    // The second mechanism has the second set of names.
    const name = `/ipc-lab-${Deno.uid()}.bench.${script.pid}.1.${way}`;
    using segment = openShared(name);
    assertEquals(new Ring(segment.memory).capacity, 2);
  }
  script.kill("SIGINT");
  assertEquals((await script.ended()).code, 130);
  assertNothingLeft(script);
});

Deno.test("bench fails if it could measure nothing of a named mechanism", async () => {
  await using script = start("bench", ["--via=queue", "--size=16384"]);
  const { code, log } = await script.ended();
  assertMatch(
    log,
    /ERROR:bench:Cannot measure queue with --size=16384: it takes 8192 at most$/,
  );
  assertEquals(code, 1);
  assertNothingLeft(script);
});

/** A benchmark that may make no message queues: setrlimit(2), RLIMIT_MSGQUEUE. */
function withoutQueues(flags: string): Running {
  return shell(
    `prlimit --msgqueue=0 "${Deno.execPath()}" task -q bench ` +
      `--size=8 --wait=block --seconds=0.01 ${flags}`,
  );
}

Deno.test("bench leaves out what does not work here, and says why", async () => {
  // A server that is there could be too busy to answer in time.
  await using script = withoutQueues("--server=nats://127.0.0.1:1");
  const { code, log } = await script.ended();
  assertEquals(code, 0, log);
  assertMatch(log, /^INFO:bench:Left out: queue: .*Cannot .*queue.*$/m);
  assertMatch(log, /^INFO:bench:Left out: nats: Cannot reach .*$/m);
  const table = new TextDecoder().decode(await script.output());
  const measured = rows(tables(table)[0])
    .map((row) => row.replace(" block", "")).sort();
  const left = ["queue", "nats"];
  const others = HERE.filter((name) => !left.includes(name));
  assertMatch(table, /^left out: queue: /m);
  assertFits(table);
  assertEquals(measured, [...BASELINES, ...others].sort(), log);
});

Deno.test("bench fails if a mechanism was asked for and does not work", async () => {
  await using script = withoutQueues("--via=fifo,queue");
  const { code, log } = await script.ended();
  assertEquals(code, 1, log);
  assertMatch(script.lines.at(-1) ?? "", /^ERROR:bench:Cannot .*queue.*$/);
});

Deno.test("bench --json and --plot write under run/ in a fresh clone", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    for (const path of ["deno.json", "deno.lock", "lib", "scripts"]) {
      assertEquals((await shell(`cp -r ${path} ${cwd}`).ended()).code, 0);
    }
    const files = ["run/bench.json", "run/bench.svg"];
    const flags = ["--via=workers", "--size=8", "--seconds=0.01"];
    const { code, log } = await run("bench", [
      ...flags,
      `--json=${files[0]}`,
      `--plot=${files[1]}`,
    ], { cwd });
    assertEquals(code, 0, log);
    for (const file of files) {
      assert((await Deno.stat(`${cwd}/${file}`)).size > 0, file);
    }
    assertEquals((await Deno.stat(`${cwd}/run`)).mode! & 0o777, 0o700);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

/** Waits until a benchmark measures. @returns The process ids of its sides. */
async function sides(script: Running): Promise<number[]> {
  await script.saw("Measuring");
  return script.lines.flatMap((line) => {
    const [, ...pids] = /Started \w+: (\d+) and (\d+)$/.exec(line) ?? [];
    return pids.map(Number);
  });
}

const LONG = ["--verbose", "--seconds=100", "--size=8"];

Deno.test("bench ends with 130 on Ctrl-C at any moment and leaves nothing", async () => {
  const file = runPath(`${freshName()}.json`);
  const flags = ["--via=fifo,queue,workers", `--json=${file}`, ...LONG];
  for (const moment of ["Started fifo", "Measuring"]) {
    await using script = start("bench", flags);
    await script.saw(moment);
    const pids = moment === "Measuring" ? await sides(script) : [];
    script.kill("SIGINT");
    const { code, log } = await script.ended();
    assertEquals(code, 130, log);
    assert(!log.includes("ERROR"), log);
    assertNothingLeft(script, pids);
    assertThrows(() => Deno.statSync(file), Deno.errors.NotFound);
  }
});

Deno.test("bench ends with 130 when Ctrl-C ends the sides first", async () => {
  await using script = start("bench", ["--via=pipe", ...LONG]);
  const pids = await sides(script);
  pids.forEach((pid) => Deno.kill(pid, "SIGINT"));
  script.kill("SIGINT");
  const { code, log } = await script.ended();
  assertEquals(code, 130, log);
  assertNothingLeft(script, pids);
});

Deno.test("bench says which side was killed, and leaves nothing", async () => {
  const ways = [["pipe", "block"], ["shm", "spin"]];
  await Promise.all(ways.map(async ([via, wait]) => {
    const flags = [`--via=${via}`, `--wait=${wait}`, ...LONG];
    await using script = start("bench", flags);
    const pids = await sides(script);
    const [killed] = pids;
    Deno.kill(killed, "SIGKILL");
    const { code, log } = await script.ended();
    assertEquals(code, 1, log);
    const errors = script.lines.filter((line) => line.startsWith("ERROR"));
    assertEquals(errors, [
      `ERROR:bench:Cannot go on: a side of ${via}, Pid ${killed} was ended by SIGKILL`,
    ]);
    assertEquals(script.lines.at(-1), errors[0]);
    assertNothingLeft(script, pids);
  }));
});

Deno.test("bench whose parent is killed leaves no side and no name", async () => {
  await Promise.all(["block", "spin"].map(async (wait) => {
    const flags = ["--via=fifo,shm", `--wait=${wait}`, ...LONG];
    await using script = start("bench", flags);
    const pids = await sides(script);
    await delay(100); // now it is in the middle of a measurement
    script.kill("SIGKILL");
    await script.ended(); // and the sides: they share its standard error
    while (pids.some(isAlive)) await delay(10); // a process closes it before it has ended
    assertNothingLeft(script, pids);
  }));
});

Deno.test("bench fails when a wrong byte arrives", async () => {
  await using script = start("bench", ["--via=fifo", "--wait=block", ...LONG]);
  const pids = await sides(script);
  await Deno.writeTextFile(`run/bench.${script.pid}.0.there.fifo`, "wrong");
  const { code, log } = await script.ended();
  assertEquals(code, 1, log);
  const last = script.lines.at(-1) ?? "";
  assertMatch(
    last,
    /^ERROR:bench:Cannot go on: a side of fifo: Wrong byte \d of message \d+: \d+ instead of \d+$/,
  );
  assertNothingLeft(script, pids);
});

Deno.test("bench says before it measures that a file cannot be written", async () => {
  const files: [flag: string, says: string][] = [
    ["--json=/ipc-lab.json", "it lies outside this folder"],
    ["--plot=run/nowhere/x.svg", "No such file or directory"],
  ];
  await Promise.all(files.map(async ([flag, says]) => {
    const { code, log } = await run("bench", [flag]);
    assertEquals(code, 1, log);
    assert(log.endsWith(`\nERROR:bench:Cannot write ${flag}: ${says}`), log);
    assertEquals(log.split("\n").length, 2);
  }));
});

Deno.test("bench prints its table though a file cannot be written, and the other way round", async () => {
  const [json, plot] = ["json", "svg"].map((kind) =>
    runPath(`${freshName()}.${kind}`)
  );
  const bench = `'${Deno.execPath()}' ${taskArguments("bench").join(" ")} ` +
    "--via=fifo --size=8 --seconds=0.01";
  await using limited = shell(
    `trap '' XFSZ; ulimit -f 1; exec ${bench} --json=${json}`,
  );
  const { code, log } = await limited.ended();
  const said = `\nERROR:bench:Cannot write --json=${json}: File too large`;
  assert(code === 1 && log.endsWith(said), log);
  const table = new TextDecoder().decode(await limited.output());
  assert(rows(table).includes("fifo block"), table);

  await using full = shell(
    `exec ${bench} --json=${json} --plot=${plot} > /dev/full`,
  );
  assertEquals((await full.ended()).code, 1);
  for (const file of [json, plot]) {
    assert((await Deno.stat(file)).size > 0, file);
    await Deno.remove(file);
  }
  for (const script of [limited, full]) assertNothingLeft(script);
});

Deno.test("bench says in one line what is wrong with a flag, exit 2", async () => {
  const { code, log } = await run("bench", ["--wait=spin,never"]);
  assertEquals(code, 2);
  assertEquals(
    log,
    "ERROR:bench:Cannot use --wait=spin,never: it must be some of block, spin with commas between",
  );
});

Deno.test("bench --quick says what it leaves out, and ends within a minute", async () => {
  const begun = performance.now();
  await using script = start("bench", ["--quick", "--via=fifo"]);
  const { code, log } = await script.ended();
  assertEquals(code, 0, log);
  assert(performance.now() - begun < 60_000);
  const report = new TextDecoder().decode(await script.output());
  assertMatch(report, /^left out: 100 and 8192 bytes: --quick$/m);
  assertMatch(report, /^left out: 2 of 5 rounds: --quick$/m);
  assertFits(report);
});

Deno.test("bench marks what was measured while others had the processors", async () => {
  const loops = Array.from(
    { length: navigator.hardwareConcurrency },
    () => shell("ulimit -t 100; while :; do :; done"),
  );
  try {
    const { table, report } = await bench(
      "--via=workers",
      "--size=8",
      "--wait=block",
      "--rounds=1",
      "--seconds=0.2",
    );
    const [first] = report.results;
    assert(first.lost.shared > 0.05, JSON.stringify(first.lost));
    assertMatch(table, /^\| workers\* /m);
    assertMatch(table, /^\*: another program used the processors/m);
    assert(report.conduct.load.before >= 0);
  } finally {
    for (const loop of loops) await loop[Symbol.asyncDispose]();
  }
});
