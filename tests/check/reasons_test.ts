// The report says why a program has failed, and loses nothing of its lines.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { start } from "../scripts.ts";
import { freshFolder } from "./programs.ts";

async function check(...args: string[]) {
  await using script = start("check", ["--timeout=10s", ...args]);
  const { code } = await script.ended();
  return { code, text: new TextDecoder().decode(await script.output()) };
}

Deno.test("check says why a program did not start, and what helps", async () => {
  await using folder = await freshFolder();
  const file = `${folder.path}/c`;
  const missing = await check("--", file);
  assertMatch(missing.text, /got .*: there is no such\s+program\n/);
  assertMatch(missing.text, /hint +is the command spelled right\?/);
  Deno.writeTextFileSync(file, "#!/bin/sh\n", { mode: 0o644 });
  const plain = await check("--", file);
  assertMatch(plain.text, /got .*: its file is not\s+executable\n/);
  assertMatch(plain.text, /hint .*chmod \+x FILE/);
  const shell = await check(`--producer=${file}`, `--consumer=${file}`);
  assertMatch(shell.text, /got +exit code 126\n/);
  assertMatch(shell.text, /hint .*chmod \+x FILE/);
  assertEquals([missing.code, plain.code, shell.code], [1, 1, 1]);
});

Deno.test("check shows a program's long line whole, in 80 columns", async () => {
  const words = Array.from({ length: 30 }, (_, i) => `word${i}`).join(" ");
  const { text } = await check("--", "sh", "-c", `echo ${words}; exit 3`);
  const shown = text.slice(text.indexOf("  > "), text.indexOf("  hint"));
  assertEquals(shown.split(/\s+/).slice(2, -1).join(" "), words);
  assert(shown.split("\n").every((line) => line.length <= 80), shown);
});
