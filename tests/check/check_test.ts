// The command itself: what it can judge, its reports, its exit codes.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readRecording } from "../../lib/observe/recording.ts";
import { freshName, hasPython, leftovers, taskArguments } from "../scripts.ts";
import { check, PROGRAMS, python } from "./command.ts";
import { freshFolder } from "./programs.ts";

const ignore = !hasPython();

Deno.test({
  name: "check shows the rule that failed, its lines and a hint, exit 1",
  ignore,
  async fn() {
    const { code, text } = await check(...python("wrong_repeated.py"));
    assertEquals(code, 1, text);
    assertMatch(text, /^NO {2}4 process 2 reads every value once/m);
    assertMatch(text, /^- {3}6 .*rule 4 comes first/m);
    assertMatch(text, /\n {4}INFO:.*\n {2}> .*Read: 3\n {4}INFO:/);
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

Deno.test("check says that a program without -- was read as a log", async () => {
  const { code, text } = await check("examples/sheet.py");
  assertEquals(code, 1);
  assertMatch(text, /to run a program, deno\s+task check -- python3 lab3\.py/);
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
    const { code, text } = await check(
      `--each=${folder.path}/*/lab3.py`,
      "--run=python3 {}",
      `--csv=${csv}`,
      `--record=${folder.path}/records`,
    );
    assertEquals(code, 1);
    assertMatch(
      text,
      / again .* --each=\S+\/ada\/lab3.py '--run=python3 {}'$/m,
    );
    assertMatch(text, /\n1 of 3 programs passed\n$/);
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

Deno.test("check --side removes the FIFO of its half if it had to end that", async () => {
  const name = freshName();
  const { code, text } = await check(
    ...["--side=consumer", `--name=${name}`, "--timeout=3s"],
    ...[
      "--",
      "sh",
      "-c",
      `until [ -p run/${name}.fifo ]; do sleep 0.01; done; sleep 60`,
    ],
  );
  assertEquals(code, 1, text);
  assertEquals(leftovers(name), []);
});
