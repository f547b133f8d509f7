// What remains when something ends check early.
import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { namesIn } from "../../lib/posix/folder.ts";
import { start } from "../scripts.ts";
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
