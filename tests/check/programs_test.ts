// Each program of fixtures/programs/ gets the verdict and the hint it deserves.
import { assert, assertEquals } from "@std/assert";
import { namesIn } from "../../lib/posix/folder.ts";
import {
  type Example,
  freshFolder,
  isInstalled,
  judged,
  needs,
  programsOf,
  RIGHT,
  WRONG,
  wrongVerdict,
} from "./programs.ts";

function testOf(example: Example, kind: string) {
  const needed = needs(example);
  Deno.test({
    name: `check: ${kind}: ${example.title} (needs ${needed})`,
    ignore: !isInstalled(needed),
    timeout: 120_000, // a busy machine repeats a run
    async fn() {
      await using folder = await freshFolder();
      for (const program of programsOf(example, folder.path)) {
        const { evidence, judgement } = await judged(program, example);
        const log = evidence.lines.slice(0, 40).map(({ text }) => text);
        assertEquals(
          wrongVerdict(example, judgement),
          undefined,
          log.join("\n"),
        );
        assert(evidence.lines.length <= 2000, "the log is bounded");
      }
      const left = namesIn(folder.path)
        .filter((name) => !["program", "kept"].includes(name));
      assertEquals(namesIn(`${folder.path}/kept`), []);
      assertEquals(left, []);
      const segments = namesIn("/dev/shm");
      assertEquals(segments.filter((name) => name.includes("left-by")), []);
    },
  });
}

for (const example of RIGHT) testOf(example, "right");
for (const example of WRONG) testOf(example, "wrong");

Deno.test({
  name: "check --strict refuses CR LF and a spelling of one's own",
  ignore: !isInstalled("python3"),
  async fn() {
    await using folder = await freshFolder();
    for (
      const [title, fails] of [
        ["fork and mmap", false],
        ["lines in CR LF", true],
        ["behind a prompt, in its own words", true],
      ] as const
    ) {
      const example = RIGHT.find((example) => example.title === title);
      assert(example);
      const [program] = programsOf(example, folder.path);
      const { judgement } = await judged(program, example, true);
      const failed = judgement.results.filter(({ status }) =>
        status === "fail"
      );
      assertEquals(failed.map(({ number }) => number), fails ? [9] : [], title);
    }
  },
});
