import { assert, assertEquals } from "@std/assert";
import {
  differences,
  FAST,
  FAST_FLAGS,
  freshName,
  leftovers,
  start,
} from "../scripts.ts";

const SHEET = { pause: 5000, retry: 1000 };

Deno.test("lab prints the lab sheet's transcript at the sheet's own durations", async () => {
  const name = freshName();
  await using lab = start("lab", [`--name=${name}`]);
  const { code, log } = await lab.ended();
  assertEquals(differences(lab, SHEET), [], log);
  assertEquals([code, leftovers(name)], [0, []]);
});

Deno.test("lab agrees with the sheet at short durations", async () => {
  const name = freshName();
  await using lab = start("lab", [...FAST_FLAGS, `--name=${name}`]);
  const { code, log } = await lab.ended();
  assertEquals(differences(lab, FAST), [], log);
  assertEquals([code, leftovers(name)], [0, []]);
});

Deno.test("shared-memory agrees with the sheet", async () => {
  await using lab = start("shared-memory", FAST_FLAGS);
  const { code, log } = await lab.ended();
  // Two workers are one process: rule 2 tells them from the sheet's, rule 2 alone.
  const wrong = differences(lab, FAST);
  assertEquals(wrong.map((line) => line.slice(0, 6)), ["rule 2"], log);
  assertEquals(code, 0);
});

for (
  const order of [["consumer", "producer"], ["producer", "consumer"]] as const
) {
  Deno.test(`${order[0]} started first, ${order[1]} later: both agree with the sheet`, async () => {
    const name = freshName();
    const flags = (task: string) =>
      task === "producer"
        ? [...FAST_FLAGS, `--name=${name}`]
        : ["--retry=500ms", `--name=${name}`];
    await using first = start(order[0], flags(order[0]));
    await first.saw("sleeping for 0.5 seconds before retrying", 2);
    await using second = start(order[1], flags(order[1]));
    for (const script of [first, second]) {
      const { code, log } = await script.ended();
      assertEquals(code, 0, log);
    }
    const [producer, consumer] = order[0] === "producer"
      ? [first, second]
      : [second, first];
    const lines = [...producer.lines, ...consumer.lines];
    const times = [...producer.times, ...consumer.times];
    const wrong = differences({ lines, times }, FAST, ["process1", "process2"]);
    assertEquals(wrong, [], lines.join("\n"));
    assertEquals(leftovers(name), []);
  });
}

Deno.test("lab --log=json logs the same lines in JSON", async () => {
  const name = freshName();
  await using lab = start("lab", [
    ...FAST_FLAGS,
    "--log=json",
    `--name=${name}`,
  ]);
  await lab.ended();
  const records = lab.lines.map((line) => JSON.parse(line));
  const lines = records.map(({ level, logger, message }) =>
    `${level}:${logger}:${message}`
  );
  const { times } = lab;
  assertEquals(differences({ lines, times }, FAST), [], lines.join("\n"));
  for (const { time, pid, event } of records) {
    assertEquals(new Date(time).toISOString(), time);
    assert(Number.isInteger(pid));
    assert(
      ["start", "write", "pause", "read", "retry", "finish"].includes(event),
    );
  }
  const write = records.find(({ event }) => event === "write");
  assertEquals([write.value, write.seq], ["1", 1]);
  const retry = records.find(({ event }) => event === "retry");
  assertEquals([retry.attempt, retry.ms], [1, FAST.retry]);
});

const FILE = new URL("../../fixtures/lab-sheet.txt", import.meta.url);
const sheet = Deno.readTextFileSync(FILE).trimEnd().split("\n");

Deno.test("differences(): only a process 2 that came after the pause need not wait", () => {
  const lines = sheet.filter((line) => !line.includes("Data not available"));
  const last = lines.indexOf("INFO:process1:Writing 6");
  const cameAt = (ms: number) =>
    lines.map((line, i) => {
      if (line.startsWith("INFO:process2:")) return ms;
      return i <= last || line.includes("sleeping") ? 0 : SHEET.pause;
    });
  const wrong = (ms: number) =>
    differences({ lines, times: cameAt(ms) }, SHEET);
  assertEquals(wrong(SHEET.pause), []);
  assertEquals(wrong(1500).map((line) => line.slice(0, 6)), [
    "rule 6",
    "rule 9",
  ]);
  assert(differences({ lines }, SHEET).length > 0, "a saved log has no excuse");
});

Deno.test("differences() finds what is wrong with a log", () => {
  const wrong = (change: (log: string[]) => void) => {
    const log = [...sheet];
    change(log);
    return differences({ lines: log }, SHEET).length > 0;
  };
  const swap = (log: string[], i: number, k: number) =>
    [log[i], log[k]] = [log[k], log[i]];
  const at = (text: string) => sheet.findIndex((line) => line.includes(text));
  const retry = at("Data not available");

  assertEquals(differences({ lines: sheet }, SHEET), []);
  for (let i = 0; i < sheet.length; i++) {
    if (sheet[i].includes("Data not available")) continue;
    assert(wrong((log) => log.splice(i, 1)), `without '${sheet[i]}'`);
    assert(wrong((log) => log.splice(i, 0, log[i])), `twice '${sheet[i]}'`);
  }
  assert(
    wrong((log) => swap(log, at("Writing 2"), at("Writing 3"))),
    "swapped",
  );
  assert(wrong((log) => swap(log, at("Read: 9"), at("Read: 10"))), "swapped");
  assert(wrong((log) => log[3] = log[3].replace("INFO", "DEBUG")), "level");
  assert(
    wrong((log) => log[3] = log[3].replace("process1", "process2")),
    "name",
  );
  assert(wrong((log) => log.splice(retry, 4)), "no retry");
  assert(wrong((log) => log.splice(retry, 3)), "one retry in 5 seconds");
  assert(
    wrong((log) => log.splice(retry, 0, ...Array(4).fill(log[retry]))),
    "eight retries in 5 seconds",
  );
  assert(
    wrong((log) => log.splice(at("Read: 8"), 0, log[retry], log[retry])),
    "two retries in the middle of a burst",
  );
  assert(
    !wrong((log) => log.splice(at("Read: 8"), 0, log[retry])),
    "one retry in the middle of a burst is the consumer's luck",
  );
  assert(wrong((log) => log.push("Segmentation fault")), "a stranger's line");
  assert(
    wrong((log) => log.unshift(...log.splice(at("Read: 1"), 1))),
    "read before it was written",
  );
});
