/**
 * The text of `--help`.
 *
 * @module
 */
import {
  type Command,
  type Flag,
  FLAGS,
  knows,
  NAMES,
  SERVICE,
} from "./flags.ts";
import { FORMAT_NAMES } from "../message/format_names.ts";
import { mechanismsOf } from "./options.ts";

const ABOUT: Record<Command, string> = {
  producer: "Process 1: writes values into a channel.",
  consumer: "Process 2: reads values from a channel.",
  lab: "Parent, process 1 and process 2 in one shell: the lab sheet's run.",
  remove: "Removes what a channel has left behind, and says what was in it.",
  race: "Several writers increment one memory location at the same time.",
  mechanisms: "Prints the table of what each mechanism is.",
  bench: "Measures the mechanisms: round trip, throughput, processor time.",
  server: "The server: hands out sequence numbers, a range to each request.",
  client: "The client: asks the server for sequence numbers.",
};

const EXAMPLES: Record<Command, string[]> = {
  producer: [
    "deno task producer                           # beside: deno task consumer",
    "seq 1 1000000 | deno task producer --input=- --quiet",
  ],
  consumer: [
    "deno task consumer                           # beside: deno task producer",
    "deno task consumer --until-end --quiet --output=- > copy.txt",
  ],
  lab: [
    "deno task lab",
    "deno task lab --via=workers --pause=1s --retry=200ms",
  ],
  remove: ["deno task remove --via=queue"],
  race: [
    "deno task race",
    "deno task race --via=shm --workers=4 --times=100000 --lock=none",
  ],
  bench: [
    "deno task bench --quick",
    "deno task bench --via=fifo,shm --wait=block --size=8,1024 --seconds=0.2",
    "deno task bench --json=bench.json --plot=bench.svg",
  ],
  mechanisms: ["deno task mechanisms"],
  server: [
    "deno task server                             # beside: deno task client",
    "deno task server --via=queue --requests=10",
    "deno task server --via=socket",
  ],
  client: [
    "deno task client --count=3                   # beside: deno task server",
    "deno task client --via=queue --count=3 --requests=5",
    "deno task client --via=socket",
  ],
};

/** Two columns. */
type Row = [left: string, right: string];

function row(...[left, right]: Row): string {
  return `  ${left.padEnd(22)} ${right}`;
}

function section(title: string, rows: Row[]): string[] {
  return [title, ...rows.map((words) => row(...words)), ""];
}

/** The text of `--help`. */
export function help(command: Command): string {
  const service = SERVICE.includes(command);
  // The race uses two of them in its own way.
  const showsMechanisms = knows(command, "via") && command !== "race";
  const mechanisms = mechanismsOf(command)
    .map(({ name, summary }): Row => [name, summary]);
  const formats: Row[] = Object.entries(FORMAT_NAMES)
    .filter(([name]) => !service || name === "header");
  const flags = NAMES.filter((flag) => knows(command, flag)).map((flag) => {
    const words: Flag = FLAGS[flag];
    const { value, help } = command === "bench" && words.bench || words;
    return row(
      value ? `--${flag}=${value}` : `--${flag}`,
      service && words.service || command === "race" && words.race || help,
    );
  });
  return [
    ABOUT[command],
    "",
    `Usage: deno task ${command} [flags]`,
    "",
    "Flags (what is taken without them):",
    ...flags,
    "",
    ...knows(command, "retry") ? ["A DURATION is 200ms, 5s or 1m.", ""] : [],
    ...showsMechanisms ? section("Mechanisms:", mechanisms) : [],
    ...knows(command, "retry") ? section("Formats:", formats) : [],
    "Exit code: 0 all went through, 1 it did not, 2 the command line is wrong,",
    "130 on Ctrl-C.",
    "",
    "Examples:",
    ...EXAMPLES[command].map((example) => `  ${example}`),
    "",
  ].join("\n");
}
