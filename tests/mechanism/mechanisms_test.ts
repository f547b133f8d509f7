// The real scripts over every mechanism: the sheet's transcript, many lines, both
// orders, Ctrl-C.
import { assert, assertEquals } from "@std/assert";
import { MECHANISMS } from "../mechanisms.ts";
import {
  assertWell,
  differences,
  FAST,
  FAST_FLAGS,
  freshName,
  leftovers,
  range,
  start,
  valuesRead,
} from "../scripts.ts";

const RETRY = "--retry=100ms";
const SAME_PID = "rule 2";

for (const mechanism of MECHANISMS) {
  const { name: via, properties, available } = mechanism;
  const ignore = available() !== true;
  const [consumer, producer] = ["consumer", "producer"] as const;

  Deno.test({
    name: `lab --via=${via} agrees with the sheet`,
    ignore,
    async fn() {
      const name = freshName();
      const flags = [`--via=${via}`, `--name=${name}`, ...FAST_FLAGS];
      await using lab = start("lab", flags);
      const { code, log } = await lab.ended();
      const wrong = differences(lab, FAST);
      // Workers share one Pid, and the sheet asks for two processes.
      const expected = properties.processes === "one" ? [SAME_PID] : [];
      assertEquals(wrong.map((line) => line.slice(0, 6)), expected, log);
      assertEquals([code, leftovers(name)], [0, []]);
    },
  });

  Deno.test({
    name: `lab --via=${via} --quiet moves an empty input, and many lines`,
    ignore,
    async fn() {
      for (const text of ["", "line\n".repeat(5_000)]) {
        const name = freshName();
        const input = new Blob([text]).stream();
        const flags = [`--via=${via}`, `--name=${name}`, "--quiet"];
        await using lab = start("lab", [...flags, "--input=-", "--output=-"], {
          input,
        });
        const { code, log } = await lab.ended();
        assertEquals(code, 0, log);
        const copy = new TextDecoder().decode(await lab.output());
        assertEquals(copy.length, text.length);
        const values = text.split("\n").length - 1;
        await lab.saw(`INFO:process1:Wrote ${values} values in `);
        await lab.saw(`INFO:process2:Read ${values} values in `);
        assert(copy === text);
        assertEquals(leftovers(name), []);
      }
    },
  });

  // The FIFO's own tests try both orders and SIGINT, in all ways to wait.
  if (properties.openedBy !== "name" || via === "fifo") continue;
  for (const way of ["retry", "block", "spin"]) {
    for (const order of [[consumer, producer], [producer, consumer]]) {
      // Spinning is the same loop in either order and for each mechanism;
      // but a socket's bytes come only when the event loop runs.
      if (way === "spin" && (order[0] === producer || via !== "socket")) {
        continue;
      }
      Deno.test({
        name: `${via}: ${order[0]} first, ${order[1]} later, --wait=${way}`,
        ignore,
        async fn() {
          const name = freshName();
          const flags = [
            `--via=${via}`,
            `--name=${name}`,
            RETRY,
            `--wait=${way}`,
          ];
          const flagsFor = (task: string) =>
            task === producer ? [...flags, "--pause=100ms"] : flags;
          await using first = start(order[0], flagsFor(order[0]));
          await first.saw(order[0] === consumer ? "Pid:" : "Writing 1");
          await using second = start(order[1], flagsFor(order[1]));
          await assertWell(name, first, second);
          const reader = order[0] === consumer ? first : second;
          assertEquals(valuesRead(reader), range(1, 10));
        },
      });
    }
  }

  Deno.test({
    name: `${via}: SIGINT of either end: 130`,
    ignore,
    async fn() {
      for (const task of [consumer, producer]) {
        const name = freshName();
        const flags = [`--via=${via}`, `--name=${name}`, "--wait=block"];
        const pause = task === producer ? ["--pause=1m"] : [];
        await using script = start(task, [...flags, ...pause]);
        await script.saw(task === consumer ? "Pid:" : "Writing 1");
        script.kill("SIGINT");
        assertEquals((await script.ended()).code, 130);
        await (await mechanism.load()).remove({ name });
        assertEquals(leftovers(name), []);
      }
    },
  });
}
