import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/error.ts";
import { MECHANISMS } from "../../lib/mechanism/mod.ts";
import { BENCH, PERFORMANCE } from "../../lib/bench/flags.ts";
import { readCommandLine } from "../../lib/cli/command_line.ts";
import type { Command } from "../../lib/cli/define.ts";
import { help } from "../../lib/cli/help.ts";
import { CHECK } from "../../lib/check/flags.ts";
import { CONSUMER, LAB, PRODUCER } from "../../lib/lab/flags.ts";
import { MECHANISM_TABLE, REMOVE } from "../../lib/lab/tools.ts";
import { NATS } from "../../lib/engine/flags.ts";
import { PAGE } from "../../lib/page/flags.ts";
import { RACE } from "../../lib/race/flags.ts";
import { SCALE } from "../../lib/scale/flags.ts";
import { SOAK } from "../../lib/soak/flags.ts";
import { CLIENT, SERVER } from "../../lib/service/flags.ts";
import { run } from "../scripts.ts";

Deno.test("readCommandLine() without flags gives the sheet's run", () => {
  const { options } = readCommandLine(LAB, []);
  const { mechanism, ...rest } = options;
  assertEquals(mechanism.name, "fifo");
  assertEquals(rest, {
    name: "lab",
    count: 10,
    priorities: undefined,
    sync: false,
    from: 1,
    pauseEvery: 6,
    pause: 5000,
    interval: 0,
    input: undefined,
    output: undefined,
    untilEnd: false,
    wait: "retry",
    retry: 1000,
    server: undefined,
    timeout: 60_000,
    format: "line",
    capacity: undefined,
    quiet: false,
    calls: false,
    record: undefined,
    perfetto: undefined,
    log: "lab",
    verbose: false,
    help: false,
  });
});

Deno.test("readCommandLine() neither pauses nor sleeps with --quiet", () => {
  const { options } = readCommandLine(PRODUCER, ["--quiet"]);
  assertEquals([options.pauseEvery, options.wait], [0, "block"]);
  const asked = ["--quiet", "--pause-every=2", "--wait=retry"];
  const { options: mine } = readCommandLine(PRODUCER, asked);
  assertEquals([mine.pauseEvery, mine.wait], [2, "retry"]);
});

const BAD: [command: Command, flag: string, says: string][] = [
  [
    PRODUCER,
    "--cuont=3",
    "Cannot use --cuont=3: producer has no such flag: did you mean --count?",
  ],
  [PRODUCER, "extra", "Cannot use extra: producer knows"],
  [LAB, "--from=9007199254740985", "--from=9007199254740985: it must be"],
  [LAB, "--timeout=35792m", "200ms, 5s or 1m, up to 35791m"],
  [PRODUCER, "--output=x", "Cannot use --output=x: producer knows"],
  [CONSUMER, "--input=x", "Cannot use --input=x: consumer knows"],
  [
    LAB,
    "--count=abc",
    "--count=abc: it must be a whole number from 0 to 9007199254740991",
  ],
  [LAB, "--count=-1", "--count=-1: it must be a whole number"],
  [LAB, "--count=1e3", "--count=1e3: it must be a whole number"],
  [LAB, "--count=99999999999999999", "it must be a whole number"],
  [LAB, "--count", "--count=: it must be a whole number"],
  [
    LAB,
    "--pause=5",
    "--pause=5: it must be a duration such as 200ms, 5s or 1m",
  ],
  [LAB, "--retry=0", "--retry=0: it must be at least 1ms"],
  [LAB, "--wait=never", "--wait=never: it must be one of retry, block, spin"],
  [LAB, "--via=smoke", "--via=smoke: it must be one of fifo"],
  [PRODUCER, "--via=workers", "--via=workers: it must be one of"],
  [LAB, "--format=xml", "--format=xml: it must be one of line, header"],
  [LAB, "--log=xml", "--log=xml: it must be one of lab, json"],
  [
    LAB,
    "--name=../x",
    "--name=../x: it must be 1 to 64 of A-Z a-z 0-9 . _ -",
  ],
  [LAB, "--name=a/b", "--name=a/b: it must be"],
  [LAB, "--name=.x", "--name=.x: it must be"],
  [LAB, "--name=", "--name=: it must be"],
  [LAB, `--name=${"x".repeat(65)}`, "it must be 1 to 64 of"],
  [LAB, "--capacity=5", "--capacity=5: it must be left out with --via=fifo"],
  [LAB, "--quiet=yes", "--quiet=yes: --quiet takes no value"],
  [LAB, "--input=", "--input=: it must be a file, or -"],
];

const TOGETHER: [command: Command, flags: string[], says: string][] = [
  [PRODUCER, ["--input=-", "--count=5"], "--count=5: it must be left out"],
  [PRODUCER, ["--from=5", "--input=x"], "--from=5: it must be left out"],
  [LAB, ["--input=-", "--count=5"], "--count=5: it must be left out"],
  [CONSUMER, ["--until-end", "--count=3"], "--count=3: it must be left out"],
  [
    LAB,
    ["--input=run/a", "--output=./run/a"],
    "--output=./run/a: it must be another file than that of --input",
  ],
  [
    LAB,
    ["--output=a", "--record=run/b", "--perfetto=run/b"],
    "--perfetto=run/b: it must be another file than that of --record",
  ],
  [PERFORMANCE, ["--runs=5"], "--runs=5: it must be left out without"],
  [LAB, ["--priority=1", "--priorities=1,2"], "--priority=1: it must be left"],
];

for (const [command, flags, says] of TOGETHER) {
  Deno.test(`readCommandLine() refuses ${command.name} ${flags.join(" ")}`, () => {
    assertThrows(() => readCommandLine(command, flags), UsageError, says);
  });
}

for (const [command, flag, says] of BAD) {
  Deno.test(`readCommandLine() refuses ${command.name} ${flag.slice(0, 30)}`, () => {
    assertThrows(() => readCommandLine(command, [flag]), UsageError, says);
  });
}

Deno.test("readCommandLine() takes the longest duration that its error names", () => {
  const { options } = readCommandLine(LAB, ["--timeout=35791m"]);
  assertEquals(options.timeout, 35_791 * 60_000);
});

Deno.test("argumentsFor() passes on the flags that the other command has", () => {
  const { argumentsFor } = readCommandLine(LAB, [
    "--count=3",
    "--pause=1s",
    "--interval=1s",
    "--until-end",
    "--quiet",
  ]);
  assertEquals(argumentsFor(PRODUCER), [
    "--count=3",
    "--pause=1s",
    "--interval=1s",
    "--quiet",
  ]);
  assertEquals(argumentsFor(CONSUMER, ["interval"]), [
    "--count=3",
    "--until-end",
    "--quiet",
  ]);
});

Deno.test("readCommandLine() leaves operands and a program's own flags alone", () => {
  const log = readCommandLine(CHECK, ["--runs=2", "-"]);
  assertEquals([log.options.runs, log.operands, log.program], [2, ["-"], []]);
  const args = [
    "--strict",
    "--",
    "python3",
    "007",
    "--runs=9",
    "-x",
    "--log=y",
  ];
  const { options, operands, program } = readCommandLine(CHECK, args);
  assertEquals([options.runs, options.strict, operands], [1, true, []]);
  assertEquals(program, args.slice(2));
  for (const args of [["x"], ["--", "x"]]) {
    assertThrows(() => readCommandLine(LAB, args), UsageError, "Cannot use x");
  }
});

const MISSPELT: [command: Command, flag: string, suggestion: string][] = [
  [PRODUCER, "--cuont=3", "--count"],
  [PRODUCER, "-count=3", "--count"],
  [LAB, "--vai=queue", "--via"],
  [LAB, "pause=0", "--pause"],
  [LAB, "--untilend", "--until-end"],
  [LAB, "--via=fif", "fifo"],
  [LAB, "--via=QUEUE", "queue"],
  [CLIENT, "--wait=blok", "block"],
  [CONSUMER, "--format=headers", "header"],
  [RACE, "--lock=mutx", "mutex"],
  [RACE, "--via=worker", "workers"],
  [BENCH, "--via=fifo,sockt", "socket"],
  [BENCH, "--wait=spim", "spin"],
  [REMOVE, "--log=jsn", "json"],
];

for (const [command, flag, suggestion] of MISSPELT) {
  Deno.test(`readCommandLine() suggests the word that ${command.name} ${flag} means`, () => {
    const says = `: did you mean ${suggestion}?`;
    const { message } = assertThrows(
      () => readCommandLine(command, [flag]),
      UsageError,
    );
    assert(message.endsWith(says), message);
  });
}

Deno.test("readCommandLine() suggests nothing if no name is close", () => {
  for (const flag of ["--via=smoke", "--wait=never", "--workers=2", "extra"]) {
    const { message } = assertThrows(
      () => readCommandLine(LAB, [flag]),
      UsageError,
    );
    assert(!message.includes("did you mean"), message);
  }
});

const COMMANDS: Command[] = [
  PRODUCER,
  CONSUMER,
  LAB,
  SERVER,
  CLIENT,
  RACE,
  CHECK,
  BENCH,
  PERFORMANCE,
  SOAK,
  PAGE,
  NATS,
  SCALE,
  REMOVE,
  MECHANISM_TABLE,
];

/** The words of each flag in the help, joined to one line. */
function rowsOf(text: string): Map<string, string> {
  const [, flags] = text.split(/^Flags \(default\):$/m);
  const rows = flags.split("\n\n")[0].replace(/\n {25}/g, " ").trim();
  return new Map(
    rows.split("\n").map((row) => {
      const [, left, words] = /^ *--(\S+) +(.*)$/.exec(row) ?? ["", row, ""];
      return [left, words];
    }),
  );
}

for (const command of COMMANDS) {
  const { name, flags, examples } = command;
  const text = help(command);

  Deno.test(`help() of ${name} has every flag with its default`, () => {
    const rows = rowsOf(text);
    assertEquals(rows.size, Object.keys(flags).length);
    for (const [flag, declared] of Object.entries(flags)) {
      const { value, help, default: usual } = declared;
      const row = value === undefined ? flag : `${flag}=${value}`;
      const words = rows.get(row) ?? "";
      assert(words.startsWith(help), `--${flag}: ${words}`);
      if (usual !== undefined) {
        assert(words.slice(help.length).startsWith(` (${usual}`), words);
      }
    }
  });

  Deno.test(`help() of ${name} fits 80 columns`, () => {
    const wide = text.split("\n").filter((line) => line.length > 80);
    assertEquals(wide, []);
  });

  Deno.test(`${name} can read its own defaults and examples`, () => {
    const beside = name === "performance" ? ["--measure"] : [];
    for (const [flag, { default: usual }] of Object.entries(flags)) {
      if (usual === undefined) continue;
      readCommandLine(command, [`--${flag}=${usual}`, ...beside]);
    }
    for (const example of examples) {
      const [, args] = /deno task [\w-]+ ?([^#>]*)/.exec(example) ?? [];
      readCommandLine(command, args.split(" ").filter((arg) => arg));
    }
  });

  Deno.test(`${name}: a default depends only on flags that exist`, () => {
    const known = COMMANDS.flatMap(({ flags }) => Object.keys(flags));
    for (const { with: others = {} } of Object.values(flags)) {
      for (const argument of Object.keys(others)) {
        const [, flag] = /^--([^=]+)/.exec(argument) ?? [];
        assert(known.includes(flag), argument);
      }
    }
  });
}

Deno.test("the options' type follows from the flags", () => {
  const { options } = readCommandLine(PRODUCER, ["--priority=3"]);
  const pauseEvery: number = options.pauseEvery;
  const priorities: number[] | undefined = options.priorities;
  const wait: "retry" | "block" | "spin" = options.wait;
  const quiet: boolean = options.quiet;
  assertEquals([pauseEvery, priorities, wait, quiet], [6, [3], "retry", false]);
  // @ts-expect-error: an option without a default may be undefined
  const input: string = options.input;
  // @ts-expect-error: the producer has no such flag
  const untilEnd: unknown = options.untilEnd;
  assertEquals([input, untilEnd], [undefined, undefined]);
});

Deno.test("help() lists the mechanisms that the command takes", () => {
  for (const { name } of MECHANISMS) {
    assert(help(LAB).includes(`\n  ${name} `), name);
  }
  assert(!help(PRODUCER).includes("\n  workers "));
  assert(!help(CONSUMER).includes("--pause"));
});

Deno.test("a script says in one line what is wrong with a flag, exit 2", async () => {
  const { code, log } = await run("producer", ["--count=many"]);
  assertEquals(code, 2);
  assertEquals(
    log,
    "ERROR:process1:Cannot use --count=many: it must be a whole number from 0 to 9007199254740991",
  );
});
