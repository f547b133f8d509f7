// What remains when something ends check early.
import { assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { namesIn } from "../../lib/posix/folder.ts";
import { shell, start, taskArguments } from "../scripts.ts";
import { freshFolder } from "./programs.ts";

/** A folder with programs of the shell: `a/lab.sh`, `b/lab.sh`, and so on. */
async function folderWith(programs: Record<string, string>) {
  const folder = await freshFolder();
  for (const [name, text] of Object.entries(programs)) {
    Deno.mkdirSync(`${folder.path}/${name}`);
    Deno.writeTextFileSync(`${folder.path}/${name}/lab.sh`, text);
  }
  return folder;
}

/** Presses Ctrl-C when a program of `check --each` has made the name `made`. */
async function interrupted(folder: string, inFolder: string, flags: string[]) {
  const each = [`--each=${folder}/*/lab.sh`, "--run=sh {}"];
  await using script = start("check", [...each, ...flags]);
  while (!namesIn(inFolder).includes("made")) await delay(20);
  script.kill("SIGINT");
  assertEquals((await script.ended()).code, 130);
}

Deno.test("check removes on Ctrl-C what the program has made", async () => {
  await using folder = await folderWith({ a: "mkfifo made; exec sleep 60" });
  await interrupted(folder.path, `${folder.path}/a`, []);
  assertEquals(namesIn(`${folder.path}/a`), ["lab.sh"]);
});

Deno.test("check --csv keeps on Ctrl-C the marks that it has", async () => {
  await using folder = await folderWith({
    a: "exit 1",
    b: "mkfifo made; exec sleep 60",
  });
  const csv = `${folder.path}/marks.csv`;
  await interrupted(folder.path, `${folder.path}/b`, [`--csv=${csv}`]);
  const [, a, ...more] = Deno.readTextFileSync(csv).split("\r\n");
  assertMatch(a, /a\/lab.sh,fail,/);
  assertEquals(more, [""]);
});

Deno.test("check --csv writes the marks though nobody reads the report", async () => {
  await using folder = await freshFolder();
  const csv = `${folder.path}/marks.csv`;
  const log = `${folder.path}/log.txt`;
  Deno.writeTextFileSync(log, "process1: Writing 1\n");
  const words = [...taskArguments("check"), `--csv=${csv}`, log];
  // A pipe whose reading end is closed: EPIPE, as behind `| head`.
  await using sh = shell(
    `mkfifo ${folder.path}/pipe; exec 3<>${folder.path}/pipe; ` +
      `exec 4>${folder.path}/pipe; exec 3<&-; ` +
      `exec ${Deno.execPath()} ${words.join(" ")} >&4`,
  );
  const ended = await sh.ended();
  assertEquals([ended.code, ended.log], [1, ""]);
  assertMatch(Deno.readTextFileSync(csv), /log.txt,fail,/);
});

Deno.test("check prints its report though the marks cannot be written in the end", async () => {
  await using folder = await freshFolder();
  const csv = `${folder.path}/marks.csv`;
  const words = [...taskArguments("check"), `--csv=${csv}`];
  await using limited = shell(
    `trap '' XFSZ; ulimit -f 0; ` +
      `exec ${Deno.execPath()} ${words.join(" ")} fixtures/lab-sheet.txt`,
  );
  const { code, log } = await limited.ended();
  const said = `ERROR:check:Cannot write --csv=${csv}: File too large`;
  assertEquals([code, log], [1, said]);
  const report = new TextDecoder().decode(await limited.output());
  assertMatch(report, /^PASS: 55 of 55 points$/m);
});

Deno.test("check says at once that the marks cannot be written", async () => {
  const flag = "--csv=no-such-folder/marks.csv";
  await using script = start("check", [flag, "--", "sleep", "60"]);
  const { code, log } = await script.ended();
  const said = `ERROR:check:Cannot write ${flag}: No such file or directory`;
  assertEquals([code, log], [1, said]);
});
