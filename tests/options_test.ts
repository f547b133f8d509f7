import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../lib/error.ts";
import { MECHANISMS } from "../lib/mechanism/mod.ts";
import type { Command } from "../lib/cli/flags.ts";
import { help } from "../lib/cli/help.ts";
import { readCommandLine } from "../lib/cli/options.ts";
import { run } from "./scripts.ts";

Deno.test("readCommandLine() takes the sheet's run without any flag", () => {
  const { options } = readCommandLine("lab", []);
  const { mechanism, bench: _bench, ...rest } = options;
  assertEquals(mechanism.name, "fifo");
  assertEquals(rest, {
    name: "lab",
    count: 10,
    as: undefined,
    to: undefined,
    priorities: undefined,
    sync: false,
    requests: undefined,
    from: 1,
    pauseEvery: 6,
    pause: 5000,
    interval: 0,
    input: undefined,
    output: undefined,
    untilEnd: false,
    wait: "retry",
    retry: 1000,
    timeout: 60_000,
    format: "line",
    capacity: undefined,
    quiet: false,
    workers: 2,
    times: 1_000_000,
    lock: "all",
    log: "lab",
    verbose: false,
    help: false,
  });
});

Deno.test("readCommandLine() neither pauses nor sleeps with --quiet", () => {
  const { options } = readCommandLine("producer", ["--quiet"]);
  assertEquals([options.pauseEvery, options.wait], [0, "block"]);
  const asked = ["--quiet", "--pause-every=2", "--wait=retry"];
  const { options: mine } = readCommandLine("producer", asked);
  assertEquals([mine.pauseEvery, mine.wait], [2, "retry"]);
});

const BAD: [command: Command, flag: string, says: string][] = [
  ["producer", "--cuont=3", "Cannot use --cuont=3: producer knows --via"],
  ["producer", "extra", "Cannot use extra: producer knows"],
  ["lab", "--from=9007199254740985", "--from=9007199254740985: it must be"],
  ["lab", "--timeout=36000m", "--timeout=36000m: it must be a duration"],
  ["producer", "--output=x", "Cannot use --output=x: producer knows"],
  ["consumer", "--input=x", "Cannot use --input=x: consumer knows"],
  [
    "lab",
    "--count=abc",
    "--count=abc: it must be a whole number from 0 to 9007199254740991",
  ],
  ["lab", "--count=-1", "--count=-1: it must be a whole number"],
  ["lab", "--count=1e3", "--count=1e3: it must be a whole number"],
  ["lab", "--count=99999999999999999", "it must be a whole number"],
  ["lab", "--count", "--count=: it must be a whole number"],
  [
    "lab",
    "--pause=5",
    "--pause=5: it must be a duration such as 200ms, 5s or 1m",
  ],
  ["lab", "--retry=0", "--retry=0: it must be at least 1ms"],
  ["lab", "--wait=never", "--wait=never: it must be one of retry, block, spin"],
  ["lab", "--via=smoke", "--via=smoke: it must be one of fifo"],
  ["producer", "--via=workers", "--via=workers: it must be one of"],
  ["lab", "--format=xml", "--format=xml: it must be one of line, header"],
  ["lab", "--log=xml", "--log=xml: it must be one of lab, json"],
  [
    "lab",
    "--name=../x",
    "--name=../x: it must be 1 to 64 of A-Z a-z 0-9 . _ -",
  ],
  ["lab", "--name=a/b", "--name=a/b: it must be"],
  ["lab", "--name=.x", "--name=.x: it must be"],
  ["lab", "--name=", "--name=: it must be"],
  ["lab", `--name=${"x".repeat(65)}`, "it must be 1 to 64 of"],
  ["lab", "--capacity=5", "--capacity=5: it must be left out with --via=fifo"],
  ["lab", "--quiet=yes", "--quiet=yes: --quiet takes no value"],
  ["lab", "--input=", "--input=: it must be a file, or -"],
];

for (const [command, flag, says] of BAD) {
  Deno.test(`readCommandLine() refuses ${command} ${flag.slice(0, 30)}`, () => {
    assertThrows(() => readCommandLine(command, [flag]), UsageError, says);
  });
}

Deno.test("argumentsFor() passes on what the other command knows", () => {
  const { argumentsFor } = readCommandLine("lab", [
    "--count=3",
    "--pause=1s",
    "--interval=1s",
    "--until-end",
    "--quiet",
  ]);
  assertEquals(argumentsFor("producer"), [
    "--count=3",
    "--pause=1s",
    "--interval=1s",
    "--quiet",
  ]);
  assertEquals(argumentsFor("consumer"), [
    "--count=3",
    "--until-end",
    "--quiet",
  ]);
});

Deno.test("help() names every flag and every mechanism", () => {
  const text = help("lab");
  for (const { name } of MECHANISMS) {
    assert(text.includes(`\n  ${name} `), name);
  }
  for (const flag of ["via", "until-end", "pause-every", "help"]) {
    assert(text.includes(`\n  --${flag}`), flag);
  }
  assert(!help("consumer").includes("--pause"));
});

Deno.test("a script says in one line what is wrong with a flag, exit 2", async () => {
  const { code, log } = await run("producer", ["--count=many"]);
  assertEquals(code, 2);
  assertEquals(
    log,
    "ERROR:process1:Cannot use --count=many: it must be a whole number from 0 to 9007199254740991",
  );
});
