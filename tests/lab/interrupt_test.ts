// Ctrl-C at any moment: 130, no ERROR line, nothing said that is not so, and
// nothing left. INTERRUPTS=200 tries each command so often.
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { MECHANISMS } from "../../lib/mechanism/mod.ts";
import { freshName, leftovers, Running, taskArguments } from "../scripts.ts";

type Task = Parameters<typeof taskArguments>[0];

const TIMES = Number(Deno.env.get("INTERRUPTS") ?? 3);
/** Ctrl-C comes so late at most, in ms: after the start, and after the end. */
const LATEST_MS = 900;
const LIMIT_MS = 20_000;

/** The process of a command line that starts last. */
const PROCESSES: Partial<Record<Task, string>> = {
  producer: "process1",
  consumer: "process2",
};

/** Each word in quotes, for the shell. */
const quoted = (words: string[]) =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");

/**
 * Runs a command line as a terminal does, in a process group of its own, and
 * sends SIGINT to all of it, as Ctrl-C does.
 *
 * @param before What comes before the script, such as `seq 1 9 |`.
 * @returns The script's exit code and the log.
 */
async function interrupted(task: Task, flags: string[], before = "") {
  const script = [Deno.execPath(), ...taskArguments(task), ...flags];
  // The shell lives on to say the code; its children take SIGINT as usual.
  const line = `trap : INT; ${before} ${quoted(script)}; echo "code $?" >&2`;
  const command = before ? ["sh", "-c", line] : script;
  await using group = new Running("setsid", command);
  // A shell starts the rest of its command line after the signal.
  if (before) await group.saw(`${PROCESSES[task]}:Pid:`);
  await delay(Math.random() * LATEST_MS);
  let isOver = false;
  const ended = group.ended().finally(() => isOver = true);
  // On a busy machine, setsid(1) has perhaps not made the group yet.
  while (!isOver && !await toGroup("INT", group.pid)) await delay(1);
  const late = setTimeout(() => toGroup("KILL", group.pid), LIMIT_MS);
  const { code: early, log } = await ended;
  clearTimeout(late);
  const [, code] = /^code (\d+)$/m.exec(log) ?? [];
  return { code: Number(code ?? early), log }; // early: no shell, or no trap yet
}

/** Sends a signal to a process group. @returns Is there such a group? */
async function toGroup(signal: string, pid: number): Promise<boolean> {
  const args = ["-s", signal, "--", `-${pid}`];
  const { success } = await new Deno.Command("kill", { args, stderr: "null" })
    .output();
  return success;
}

function assertInterrupted({ code, log }: { code: number; log: string }) {
  assertEquals(code, 130, log);
  assert(!/^ERROR:|Uncaught/m.test(log), log);
  assert(!/Wrote|Finished/.test(log), log);
}

Deno.test("producer of an endless input is interrupted at any moment: 130, never 'Wrote ...'", async () => {
  for (let i = 0; i < TIMES; i++) {
    const name = freshName();
    const path = `run/${name}.fifo`;
    await using _reader = new Running("sh", [
      "-c",
      `mkdir -p -m 700 run; mkfifo -m 600 ${path}; exec cat ${path} > /dev/null`,
    ]);
    const flags = [`--name=${name}`, "--input=-", "--quiet"];
    const before =
      `until [ -p ${path} ]; do sleep 0.01; done; seq 1 30000000 |`;
    assertInterrupted(await interrupted("producer", flags, before));
    // Those who have ended early have not removed it.
    await new Deno.Command("rm", { args: ["-f", path] }).output();
    assertEquals(leftovers(name), []);
  }
});

Deno.test("pipe: both ends are interrupted at any moment: 130, and never 'Read ...'", async () => {
  const producer = quoted([Deno.execPath(), ...taskArguments("producer")]);
  const before = `${producer} --via=pipe --quiet --count=999999999 |`;
  const flags = ["--via=pipe", "--until-end", "--quiet"];
  for (let i = 0; i < TIMES; i++) {
    const { code, log } = await interrupted("consumer", flags, before);
    assertEquals(code, 130, log);
    assert(!/ERROR|Read|Wrote/.test(log), log);
  }
});

for (const { name: via, available } of MECHANISMS) {
  const ignore = available() !== true;
  if (via === "nats") continue; // its server is another process
  const tasks: Task[] = via === "workers" || via === "pipe"
    ? ["lab"]
    : ["lab", "producer", "consumer", "server", "client"];
  for (const task of tasks) {
    if ((task === "server" || task === "client") && via !== "fifo") continue;
    Deno.test({
      name:
        `${task} --via=${via} is interrupted at any moment: 130, no ERROR line`,
      ignore,
      async fn() {
        for (let i = 0; i < TIMES; i++) {
          const name = freshName();
          const flags = [`--via=${via}`, `--name=${name}`, "--retry=50ms"];
          if (task === "client") flags.push("--timeout=1m"); // nobody serves
          if (task === "lab") flags.push("--pause=1m");
          if (task === "producer") flags.push("--interval=1m");
          assertInterrupted(await interrupted(task, flags));
          if (task === "producer") { // a queue and a segment keep its value
            const mechanism = MECHANISMS.find(({ name }) => name === via);
            await (await mechanism?.load())?.remove({ name });
          }
          assertEquals(leftovers(name), []);
        }
      },
    });
  }
}
