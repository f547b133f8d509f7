// Every command of docs/lab-sheet.md runs, and prints what the page shows. To
// renew the page:
//   deno run -A tests/docs/lab_sheet_test.ts
import { assert, assertEquals } from "@std/assert";
import { mechanismNamed } from "../mechanisms.ts";
import { hasPython } from "../scripts.ts";
import { type Block, type Run, runBlock, shownLines } from "./block.ts";

const PAGE = new URL("../../docs/lab-sheet.md", import.meta.url);
const BLOCK = /```sh\n([^]*?)```\n\n```text\n([^]*?)```/g;
/** A command in a sentence. */
const COMMAND = /`((?:deno|seq|head|grep|cat|kill) [^`]+)`/g;
const RETRY = / sleeping for [\d.]+ seconds? before retrying$/;
const READ = /(:Read: )(.*)$/;

type Shells = Map<number, string[]>;

function blocksOf(text: string): Block[] {
  return [...text.matchAll(BLOCK)].map(([, commands, shown]) => ({
    commands,
    shown,
  }));
}

/** A line without what may vary from run to run. */
function normalised(line: string): string {
  if (line.startsWith("|")) { // of the benchmark's table
    // A mark says that others had the processors.
    return line.replace(/[\d.]+/g, "N").replace(/[*!]+ /g, " ").replace(
      / +/g,
      " ",
    ).replace(/-+/g, "-");
  }
  return line
    .replace(/\b(client|server)\.\d+(-[0-9a-f]{8})?/g, "$1.N")
    .replace(/ipc-lab-\d+\./, "ipc-lab-UID.")
    .replace(/nats:\/\/[\d.:]+/, "nats://SERVER")
    .replace(/[1-9]\d* of (\d+) updates/, "N of $1 updates") // 0 stays 0
    .replace(/[\d.]+ (ns|times|loops)/g, "T $1")
    .replace(/in [\d.]+ seconds \(\d+ values/, "in T seconds (N values")
    // How much fits into a pipe before its reader goes is a matter of luck.
    .replace(/\d+ (of 1000000 values .*, )\d+/, "N $1N")
    .replace(/^(real|user|sys)\t.*/, "$1 T")
    // The numbers that the kernel gives, and how long a futex may sleep.
    .replace(/^((process\d)?:\w+\()\d+/, "$1FD").replace(
      /, \d+, 0\) = 0x\w+/,
      ", FD, 0)",
    )
    .replace(/^(:accept4.*= )\d+|fd\/\d+/, "$1FD")
    .replace(/FUTEX_WAIT, \d+/, "FUTEX_WAIT, N")
    .replace(/Pids \d+ and \d+/, "Pids N and N") // of a report of check
    .replace(/pym-\S+/, "pym-N")
    .replace(/\d+ times? during/, "N times during")
    .replace(/[\d.]+ s( in all|$)/, "T s$1");
}

/** A rule of a report of check as one line: where it wraps is luck. */
function unwrapped(lines: string[]): string[] {
  return lines.join("\n").replace(/^((?:ok|NO|\?) +\d .*)\n {6}/gm, "$1 ")
    .split("\n");
}

/** The Pids of a run replaced by the names of all that have the same one. */
function withOwners(shells: Shells): Shells {
  const owners = new Map<string, Set<string>>();
  for (const line of [...shells.values()].flat()) {
    const [, name, pid] = /^INFO:([\w.-]+):Pid:(\d+)$/.exec(line) ?? [];
    if (pid) owners.set(pid, (owners.get(pid) ?? new Set()).add(name));
  }
  const owned = (line: string) =>
    line.replace(
      /(?<=:Pid:)\d+$/,
      (pid) => [...owners.get(pid) ?? []].sort().join(" and "),
    );
  return new Map([...shells].map(([n, lines]) => [n, lines.map(owned)]));
}

/** Each process's own lines; what is no log line belongs to the output. */
function stories(lines: string[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const line of lines) {
    if (RETRY.test(line)) continue; // how many, and where, is a matter of luck
    const other = line.startsWith("|") ? "table" : "output";
    const [, name = other] = /^[A-Z]+:([\w.-]+):/.exec(line) ?? [];
    all.set(name, [...all.get(name) ?? [], normalised(line)]);
  }
  all.get("table")?.sort(); // its rows are in the order of their speed
  return all;
}

/** What is wrong with the lines of one shell. */
function shellDifferences(shown: string[], actual: string[]): string[] {
  const [want, got] = [stories(unwrapped(shown)), stories(unwrapped(actual))];
  const wrong: string[] = [];
  for (const name of new Set([...want.keys(), ...got.keys()])) {
    const [a, b] = [want.get(name) ?? [], got.get(name) ?? []];
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      if (a[i] !== b[i]) wrong.push(`${name}: '${b[i]}' instead of '${a[i]}'`);
    }
  }
  // On a busy machine a wait that the page shows may not happen. But no other
  // wait may happen.
  for (const line of new Set(actual)) {
    if (RETRY.test(line) && !shown.includes(line)) {
      wrong.push(`'${line}' is not on the page`);
    }
  }
  return wrong;
}

/** Are there two at one end? Then luck decides which value goes where. */
function isShared(shells: Shells): boolean {
  const ends = ["process1:Pid:", "process2:Pid:"];
  return ends.some((end) =>
    [...shells.values()].filter((lines) =>
      lines.some((line) => line.includes(end))
    ).length > 1
  );
}

/** All values that were read, sorted, and the shells' lines without them. */
function apart(shells: Shells): { values: string[]; rest: Shells } {
  const lines = [...shells.values()].flat();
  const values = lines.flatMap((line) => READ.exec(line)?.[2] ?? []).sort();
  const rest = new Map(
    [...shells].map(([n, all]) => [
      n,
      all.map((line) => line.replace(READ, "$1")),
    ]),
  );
  return { values, rest };
}

/** What is wrong with the output of a block. */
function differences(shown: Shells, actual: Shells): string[] {
  const [want, got] = [withOwners(shown), withOwners(actual)];
  const wrong: string[] = [];
  let [a, b] = [want, got];
  if (isShared(shown)) {
    const [all, read] = [apart(want), apart(got)];
    if (all.values.join() !== read.values.join()) {
      wrong.push(`read: ${read.values} instead of ${all.values}`);
    }
    [a, b] = [all.rest, read.rest];
  }
  for (const n of new Set([...a.keys(), ...b.keys()])) {
    wrong.push(...shellDifferences(a.get(n) ?? [], b.get(n) ?? []));
  }
  return wrong;
}

/** A run's output as the page shows it: of equal lines in a row, one. */
function outputOf({ shells }: Run): string {
  return [...shells].map(([number, lines]) => {
    if (lines.length === 0) return "";
    const once = lines.filter((line, i) => line !== lines[i - 1]).join("\n");
    return shells.size > 1 ? `# shell ${number}\n${once}\n` : `${once}\n`;
  }).join("");
}

/** Does the section need a server that this machine does not have? */
function isMissing(section: string): boolean {
  return section.includes("--via=nats") &&
    mechanismNamed("nats").available() !== true;
}

async function renew(): Promise<void> {
  let page = await Deno.readTextFile(PAGE);
  for (const [text, commands, shown] of page.matchAll(BLOCK)) {
    const run = await runBlock({ commands, shown });
    const renewed = "```sh\n" + run.commands + "```\n\n```text\n" +
      outputOf(run) + "```";
    page = page.replace(text, () => renewed);
  }
  await Deno.writeTextFile(PAGE, page);
}

if (import.meta.main) {
  await renew();
} else {
  const page = await Deno.readTextFile(PAGE);
  const sections = page.split(/^## /m).slice(1);
  for (const section of sections) {
    const [title] = section.split("\n");
    Deno.test({
      name: `lab-sheet.md, ${title}: every command prints what the page shows`,
      ignore: Deno.build.os !== "linux" || isMissing(section) ||
        section.includes("python3") && !hasPython(),
      async fn() {
        await Promise.all(
          blocksOf(section).map(async (block) => {
            const run = await runBlock(block);
            const wrong = differences(shownLines(block), run.shells);
            assertEquals(wrong, [], `${block.commands}\n${outputOf(run)}`);
            assertEquals(run.leftovers, [], block.commands);
          }),
        );
      },
    });
  }

  Deno.test("lab-sheet.md has a section for every subject of the sheet", () => {
    assertEquals(sections.map((section) => section.split("\n")[0]), [
      "Two types of IPC",
      "Pipe",
      "FIFO",
      "Message queue",
      "Shared memory",
      "Message",
      "Communication link",
      "Client and server",
      "Producer and consumer",
      "Costs",
      "The system calls",
      "Across machines",
      "Advantages and disadvantages",
      "Your own program",
    ]);
  });

  Deno.test("lab-sheet.md: every command and every 'Break it' is run", () => {
    assertEquals(page.split("```sh").length - 1, blocksOf(page).length);
    for (const [part] of page.matchAll(/\*\*Break it:\*\*[^]*?\n\n.*/g)) {
      assert(part.endsWith("\n```sh"), part);
    }
    const typed = blocksOf(page).map(({ commands }) => commands).join("");
    const text = page.replace(/^```[^]*?^```/gm, "");
    for (const [, command] of text.matchAll(COMMAND)) {
      assert(typed.includes(command), `No block runs ${command}`);
    }
  });

  Deno.test("differences() finds what is wrong with an output", () => {
    const lines = [
      "INFO:process1:Pid:1",
      "INFO:process2:Pid:2",
      "INFO:process2:Data not available sleeping for 1 second before retrying",
      "INFO:process2:Read: 1",
      "INFO:process2:Read: 2",
      "plain output",
    ];
    const shells = (lines: string[]) => new Map([[1, lines]]);
    const agree = (actual: string[]) =>
      differences(shells(lines), shells(actual)).length === 0;
    assert(agree(lines.with(0, "INFO:process1:Pid:99")));
    assert(agree(lines.toSpliced(2, 1)), "a wait may not happen");
    assert(agree([lines[5], ...lines.slice(0, 5)]), "streams may interleave");
    assert(!agree(lines.with(0, "INFO:process1:Pid:2")), "now they are one");
    assert(!agree(lines.with(2, lines[2].replace("1 second", "5 seconds"))));
    for (const i of [0, 1, 3, 4, 5]) {
      assert(!agree(lines.toSpliced(i, 1)), lines[i]);
    }
    assert(!agree(lines.with(3, lines[4]).with(4, lines[3])), "another order");
    assert(!agree([...lines, "more"]));
  });

  Deno.test("differences() lets two consumers share the values as they like", () => {
    const two = (a: string, b: string) =>
      new Map([a, b].map((value, i) => [i + 1, [
        `INFO:process2:Pid:${i}`,
        `INFO:process2:Read: ${value}`,
      ]]));
    assertEquals(differences(two("1", "2"), two("2", "1")), []);
    assert(differences(two("1", "2"), two("1", "1")).length > 0);
  });
}
