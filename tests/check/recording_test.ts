// The files that check --record writes.
import { assert, assertEquals } from "@std/assert";
import { fileNames } from "../../lib/check/recording.ts";
import { namesIn } from "../../lib/posix/folder.ts";
import { check } from "./command.ts";
import { freshFolder } from "./programs.ts";

Deno.test("check --record: a file for each program, whatever its name", async () => {
  await using folder = await freshFolder();
  for (const student of ["李雷", "韩梅", "a b", "a_b"]) {
    Deno.mkdirSync(`${folder.path}/each/${student}`, { recursive: true });
    Deno.writeTextFileSync(`${folder.path}/each/${student}/lab.sh`, "exit 1");
  }
  await check(
    `--each=${folder.path}/each/*/lab.sh`,
    "--run=sh {}",
    `--record=${folder.path}/records`,
  );
  const names = namesIn(`${folder.path}/records`)
    .map((name) => name.replace(/^.*each_/, "")).sort();
  assertEquals(names, [
    "a_b_lab.sh.1.jsonl",
    "a_b_lab.sh_2.1.jsonl",
    "李雷_lab.sh.1.jsonl",
    "韩梅_lab.sh.1.jsonl",
  ]);
});

Deno.test("fileNames() are apart, and short enough for a file system", () => {
  const long = "x".repeat(300);
  const programs = [
    "a b",
    "a_b",
    "a_b_2",
    `1${long}`,
    `2${long}`,
    "𝒳".repeat(99),
  ];
  const names = fileNames(programs);
  assertEquals(new Set(names).size, programs.length);
  const bytes = names.map((name) => new TextEncoder().encode(name).length);
  assert(Math.max(...bytes) <= 255 - "_60.1000.jsonl".length, String(bytes));
});
