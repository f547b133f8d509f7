// Every command of docs/lab-sheet.md runs, and prints what the page shows. To
// renew the page:
//   deno run --allow-read --allow-write --allow-run tests/docs/lab_sheet_test.ts
import { assert, assertEquals } from "@std/assert";

const PAGE = new URL("../../docs/lab-sheet.md", import.meta.url);
const BLOCK = /```sh\n([^]*?)```\n\n```text\n([^]*?)```/g;
const RETRY = / sleeping for [\d.]+ seconds? before retrying$/;

/** Runs a block as a student would type it; what both streams show. */
async function runBlock(commands: string): Promise<string[]> {
  const script = 'exec 2>&1; deno() { "$DENO" "$@"; }\n' + commands;
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", script],
    env: { DENO: Deno.execPath(), NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\n")
    .filter((line) => !line.startsWith("Task "));
}

/** What may vary from run to run, made the same. */
function normalised(line: string): string {
  return line
    .replace(/:Pid:\d+$/, ":Pid:N")
    .replace(/client\.\d+/g, "client.N")
    .replace(/[1-9]\d* of (\d+) updates/, "N of $1 updates") // 0 stays 0
    .replace(/[\d.]+ (ns|times)/g, "T $1");
}

/** Each process's own lines; what is no log line belongs to the program's output. */
function stories(lines: string[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const line of lines) {
    if (RETRY.test(line)) continue; // how many, and where, is a matter of luck
    const [, name = "output"] = /^[A-Z]+:([\w.-]+):/.exec(line) ?? [];
    all.set(name, [...all.get(name) ?? [], normalised(line)]);
  }
  return all;
}

/** The retries that were seen at all, whatever their number. */
function waits(lines: string[]): Set<string> {
  return new Set(lines.filter((line) => RETRY.test(line)));
}

/** What is wrong with the output that a page shows. */
function differences(shown: string[], actual: string[]): string[] {
  const [want, got] = [stories(shown), stories(actual)];
  const wrong: string[] = [];
  for (const name of new Set([...want.keys(), ...got.keys()])) {
    const [a, b] = [want.get(name) ?? [], got.get(name) ?? []];
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      if (a[i] !== b[i]) wrong.push(`${name}: '${b[i]}' instead of '${a[i]}'`);
    }
  }
  // Two that start at once may or may not find each other at the first look,
  // but where there is a pause, or nobody who reads, there must be waiting.
  const must = shown.some((line) => /Intentionally|Buffer full/.test(line));
  if (must && waits(shown).size > 0 && waits(actual).size === 0) {
    wrong.push("nobody waited");
  }
  return wrong;
}

async function renew(): Promise<void> {
  let page = await Deno.readTextFile(PAGE);
  for (const [block, commands] of page.matchAll(BLOCK)) {
    const output = await runBlock(commands);
    const once = output.filter((line, i) => line !== output[i - 1]);
    const shown = "```sh\n" + commands + "```\n\n```text\n" + once.join("\n") +
      "\n```";
    page = page.replace(block, () => shown);
  }
  await Deno.writeTextFile(PAGE, page);
}

if (import.meta.main) {
  await renew();
} else {
  const page = await Deno.readTextFile(PAGE);
  const ignore = Deno.build.os !== "linux";
  for (const section of page.split(/^## /m).slice(1)) {
    const [title] = section.split("\n");
    Deno.test({
      name: `lab-sheet.md, ${title}: every command prints what the page shows`,
      ignore,
      async fn() {
        const blocks = [...section.matchAll(BLOCK)];
        assert(blocks.length > 0, "no command");
        for (const [, commands, shown] of blocks) {
          const output = await runBlock(commands);
          const wrong = differences(shown.trimEnd().split("\n"), output);
          assertEquals(wrong, [], `${commands}\n${output.join("\n")}`);
        }
      },
    });
  }

  Deno.test("lab-sheet.md has a section for every subject of the sheet", () => {
    const titles = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    assertEquals(titles, [
      "Pipe",
      "FIFO",
      "Message queue",
      "Shared memory",
      "Message",
      "Communication link",
      "Client and server",
      "Producer and consumer",
      "Costs",
    ]);
  });

  Deno.test("differences() finds what is wrong with an output", () => {
    const shown = [
      "INFO:process1:Pid:1",
      "INFO:process1:Intentionally sleeping for 1 second",
      "INFO:process2:Data not available sleeping for 0.2 seconds before retrying",
      "INFO:process2:Read: 1",
      "plain output",
    ];
    assertEquals(differences(shown, shown.with(0, "INFO:process1:Pid:99")), []);
    assertEquals(differences(shown, [shown[4], ...shown.slice(0, 4)]), []);
    for (let i = 0; i < shown.length; i++) {
      assert(differences(shown, shown.toSpliced(i, 1)).length > 0, shown[i]);
    }
    assert(
      differences(shown, shown.with(3, "INFO:process2:Read: 2")).length > 0,
    );
    assert(differences(shown, [...shown, "more"]).length > 0);
  });
}
