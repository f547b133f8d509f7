// The command itself: its modes, its reports, its exit codes.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { judge, LATE_MS } from "../../lib/check/judge.ts";
import { reportOn } from "../../lib/check/report.ts";
import { SHEET } from "../../lib/check/evidence.ts";
import { descendantsOf, processSeen } from "../../lib/observe/mod.ts";
import { readRecording } from "../../lib/observe/recording.ts";
import { isAlive } from "../../lib/posix/process.ts";
import {
  freshName,
  hasPython,
  leftovers,
  shell,
  start,
  taskArguments,
} from "../scripts.ts";
import { MECHANISMS } from "../mechanisms.ts";
import { serverEnv } from "../test_server.ts";
import { FAST, freshFolder } from "./programs.ts";
import { runApart } from "./run_apart.ts";

const FLAGS = ["--pause=1s", "--retry=200ms", "--timeout=10s"];
const ENV = { PAUSE: "1", RETRY: "0.2", PYTHONDONTWRITEBYTECODE: "1" };
const PROGRAMS = new URL("../../fixtures/programs/", import.meta.url).pathname;
const ignore = !hasPython();

/** Runs check. @returns Its report, its log and its exit code. */
async function check(...args: string[]) {
  await using script = start("check", [...FLAGS, ...args], { env: ENV });
  const { code, log } = await script.ended();
  return { code, log, text: new TextDecoder().decode(await script.output()) };
}

/** Runs a shell's line. @returns What it prints. */
async function typed(line: string): Promise<string> {
  await using sh = shell(line);
  assertEquals((await sh.ended()).code, 0, line);
  return new TextDecoder().decode(await sh.output());
}

const python = (file: string) => ["--", "python3", PROGRAMS + file];

Deno.test({
  name: "check shows the rule that failed, its lines and a hint, exit 1",
  ignore,
  async fn() {
    const { code, text } = await check(...python("wrong_repeated.py"));
    assertEquals(code, 1, text);
    assertMatch(text, /^NO {2}4 process 2 reads every value once/m);
    assertMatch(text, /^- {3}6 .*rule 4 comes first/m);
    assertMatch(text, /Read: 2\n {4}INFO:process2:Read: 3\n {2}> .*Read: 3\n/);
    assertMatch(text, /^ {2}hint {6}a value is read twice/m);
    assertMatch(text, /^ {2}again {5}deno task check --.* -- python3 /m);
    assertMatch(text, /^FAIL: 70 of 100 points$/m);
    const wide = text.split("\n").filter((line) =>
      line.length > 80 && !line.startsWith("  again")
    );
    assertEquals(wide, []);
  },
});

Deno.test("check judges a saved log by what a log alone can show", async () => {
  const { code, text } = await check(
    "--strict",
    "--pause=5s",
    "--retry=1s",
    "fixtures/lab-sheet.txt",
  );
  assertEquals(code, 0, text);
  assertMatch(text, /^\? {3}8 .*a log alone cannot show it$/m);
  assertMatch(text, /! the sheet's own transcript/);
  assertMatch(text, /^PASS: 55 of 55 points$/m);
});

const USAGE: [args: string[], says: RegExp][] = [
  [[], /Cannot judge nothing: name one log/],
  [["a.txt", "b.txt"], /Cannot judge a\.txt b\.txt/],
  [["no-such-log"], /Cannot read no-such-log: No such file/],
  [["--producer=x"], /Cannot judge --producer alone/],
  [
    ["--side=consumer"],
    /--side=consumer: it needs a program|Cannot judge nothing/,
  ],
  [["--each=*.none", "--run=x"], /no file has such a name/],
  [["--each=*.md"], /Cannot use --each without --run/],
  [["--points=1,2", "x"], /8 numbers/],
];

Deno.test("check says in one line what is wrong with its command line, exit 2", async () => {
  for (const [args, says] of USAGE) {
    const { code, log } = await check(...args);
    assertEquals([code, log.split("\n").length], [2, 1], log);
    assertMatch(log, says);
  }
});

Deno.test({
  name: "check --each writes a table of marks, and flags copies",
  ignore,
  async fn() {
    await using folder = await freshFolder();
    const files = {
      ada: "wrong_transcript.py",
      bob: "wrong_transcript.py",
      eve: "right_fork.py",
    };
    for (const [student, file] of Object.entries(files)) {
      Deno.mkdirSync(`${folder.path}/${student}`);
      Deno.copyFileSync(
        PROGRAMS + "parts.py",
        `${folder.path}/${student}/parts.py`,
      );
      Deno.copyFileSync(
        PROGRAMS + file,
        `${folder.path}/${student}/lab3.py`,
      );
    }
    const csv = `${folder.path}/marks.csv`;
    const { code } = await check(
      `--each=${folder.path}/*/lab3.py`,
      "--run=python3 {}",
      `--csv=${csv}`,
      `--record=${folder.path}/records`,
    );
    assertEquals(code, 1);
    const [names, ada, bob, eve, ...more] = Deno.readTextFileSync(csv)
      .split("\r\n");
    assertMatch(names, /^program,verdict,score,of,passed,runs,rule,got,hint,/);
    assertMatch(ada, /ada\/lab3.py,fail,70,100,0,1,2,.*the same log as .*bob/);
    assertMatch(bob, /bob\/lab3.py,fail,.*the same log as .*ada/);
    assertMatch(eve, /eve\/lab3.py,pass,100,100,1,1,,,,$/);
    assertEquals(more, [""]);
    const records = [...Deno.readDirSync(`${folder.path}/records`)];
    assertEquals(records.length, 2, "of the two that failed");
    const entries = readRecording(
      Deno.readTextFileSync(`${folder.path}/records/${records[0].name}`),
    );
    const events = new Set(entries.map(({ event }) => event));
    for (const event of ["recording", "process", "seen", "read", "end"]) {
      assert([...events].some((each) => each === event), event);
    }
  },
});

Deno.test({
  name: "check --record: the page gets the processes and the object they share",
  ignore,
  async fn() {
    await using folder = await freshFolder();
    await check(`--record=${folder.path}`, ...python("wrong_swapped.py"));
    const [{ name }] = Deno.readDirSync(folder.path);
    const entries = readRecording(
      Deno.readTextFileSync(`${folder.path}/${name}`),
    );
    const seen = entries.find(({ event }) => event === "seen");
    assert(seen && "channels" in seen && Array.isArray(seen.channels));
    const [{ kind, ends }] = seen.channels;
    assertEquals(kind, "shared memory");
    assert(ends.length >= 2, JSON.stringify(ends));
  },
});

Deno.test({
  name: "check --format: json, junit, gradescope and github say the same",
  ignore,
  async fn() {
    const outputs = await Promise.all(
      ["json", "junit", "gradescope", "github"].map((format) =>
        check(`--format=${format}`, ...python("wrong_swapped.py"))
      ),
    );
    assertEquals(outputs.map(({ code }) => code), [1, 1, 1, 1]);
    const [json, junit, gradescope, github] = outputs.map(({ text }) => text);
    const [report] = JSON.parse(json);
    assertEquals([report.verdict, report.score], ["fail", 70]);
    assertEquals(report.runs[0].results[3].status, "fail");
    assert(report.runs[0].live.processes.length >= 3);
    assertMatch(junit, /tests="8" failures="1" skipped="1"/);
    const results = JSON.parse(gradescope);
    assertEquals(results.score, 70);
    assertEquals(results.tests[3].score, 0);
    assertMatch(
      github,
      /^::error title=check python3 \S+::FAIL.*%0ARule 4.*%0A.*\n$/,
    );
  },
});

Deno.test("check --side judges a half against ours, over the FIFO", async () => {
  const name = freshName();
  for (const side of ["consumer", "producer"] as const) {
    const flags = side === "producer" ? ["--pause=1s"] : ["--retry=200ms"];
    const half = [...taskArguments(side), `--name=${name}`, ...flags];
    const { code, text } = await check(
      `--side=${side}`,
      `--name=${name}`,
      "--",
      Deno.execPath(),
      ...half,
    );
    assertEquals(code, 0, text);
    assertMatch(text.replaceAll("\n      ", " "), /8 .*the FIFO \S+\.fifo/);
    assert(!text.includes("spins"), text);
  }
  assertEquals(leftovers(name), []);
});

for (const { name: via, available } of MECHANISMS) {
  Deno.test({
    name: `check: right: our own lab --via=${via}`,
    ignore: available() !== true,
    async fn() {
      const args = [
        ...taskArguments("lab"),
        `--via=${via}`,
        `--name=${freshName()}`,
        "--pause=1s",
        "--retry=200ms",
      ];
      const evidence = await runApart(
        { commands: [[Deno.execPath(), ...args]], env: serverEnv() },
        20_000,
      );
      const { results } = judge(evidence, { ...SHEET, ...FAST, strict: true });
      const failed = results.filter(({ status }) => status === "fail");
      // Workers share one process, and so one Pid: check tells them apart.
      assertEquals(
        failed.map(({ number, got }) => [number, got.replace(/\d+/, "N")]),
        via === "workers" ? [[2, "both have Pid N, as threads"]] : [],
        evidence.lines.map(({ text }) => text).join("\n"),
      );
    },
  });
}

Deno.test({
  name: "check ends the program on Ctrl-C, exit 130",
  ignore,
  async fn() {
    const env = { ...ENV, PAUSE: "60" };
    await using script = start("check", python("right_fork.py"), { env });
    let pids: number[] = [];
    try {
      for (let i = 0; i < 500 && pids.length < 3; i++) {
        await delay(20);
        pids = descendantsOf(script.pid).filter((pid) =>
          processSeen(pid)?.command.startsWith("python")
        );
      }
      assertEquals(pids.length, 3);
      script.kill("SIGINT");
      const { code } = await script.ended();
      assertEquals([code, pids.filter(isAlive)], [130, []]);
    } finally {
      for (const pid of pids.filter(isAlive)) Deno.kill(pid, "SIGKILL");
    }
  },
});

Deno.test({
  name: "check removes nothing that was there before",
  ignore,
  async fn() {
    const path = `/dev/shm/test-${crypto.randomUUID().slice(0, 8)}`;
    // Deno itself opens files in /dev only with --allow-all.
    await typed(`echo old > ${path}`);
    try {
      const code = `
import mmap, time
file = open("${path}", "r+b"); memory = mmap.mmap(file.fileno(), 4)
time.sleep(0.3)`;
      const program = { commands: [["python3", "-c", code]] };
      const { live } = await runApart(program, 10_000);
      assertEquals([live?.endings[0].code, live?.left], [0, []]);
      assertEquals(await typed(`cat ${path}`), "old\n");
    } finally {
      await typed(`rm ${path}`);
    }
  },
});

Deno.test({
  name: "a rule about time that fails on a late machine is inconclusive",
  ignore,
  async fn() {
    const program = {
      commands: [["python3", PROGRAMS + "wrong_spins.py"]],
      env: ENV,
    };
    const evidence = await runApart(program, 10_000);
    const { live } = evidence;
    assert(live);
    const verdicts = [0, LATE_MS + 1].map((lateMs) => {
      const late = { ...evidence, live: { ...live, lateMs } };
      const judgement = judge(late, { ...SHEET, ...FAST });
      return { evidence: late, judgement };
    });
    const reports = [verdicts.slice(0, 1), verdicts.slice(1), verdicts]
      .map((runs) => reportOn("x", "x", runs).verdict);
    assertEquals(reports, ["fail", "inconclusive", "fail"]);
  },
});
