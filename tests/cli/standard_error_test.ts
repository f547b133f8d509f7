// A standard error that is full, because its reader reads late or not at all.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { bytesIn, read, setNonBlocking } from "../../lib/posix/file.ts";
import { Pipe } from "../../lib/posix/pipe.ts";
import { freshName, leftovers, shell, taskArguments } from "../scripts.ts";

/** A pipe is full when each of its 16 pages has something: pipe(7). */
const FULL_BYTES = 14 * 4096;
/** More lines than a pipe holds. */
const MANY = 4000;
const LIMIT_MS = 60_000;

type Task = Parameters<typeof taskArguments>[0];

/** A script whose standard error is a pipe that we read when we like. */
class Stalled implements Disposable {
  readonly #pipe = new Pipe();
  readonly #child: ChildProcess;
  readonly ended: Promise<[number | null, string | null]>;

  constructor(task: Task, flags: string[]) {
    this.#child = spawn(Deno.execPath(), [...taskArguments(task), ...flags], {
      stdio: ["ignore", "ignore", this.#pipe.input],
    });
    this.ended = once(this.#child, "exit", {
      signal: AbortSignal.timeout(LIMIT_MS),
    }) as Promise<[number | null, string | null]>;
    this.ended.catch(() => {}); // a test that waits for it sees the time-out
  }

  /** Resolves when standard error takes no more. */
  async full(): Promise<void> {
    const latest = performance.now() + LIMIT_MS;
    while (bytesIn(this.#pipe.output) < FULL_BYTES) {
      assert(performance.now() < latest, "standard error does not get full");
      await delay(10);
    }
  }

  kill(signal: "SIGINT" | "SIGTERM"): void {
    // Not by #child.kill(): node:child_process then reports that signal, and
    // not the exit code.
    Deno.kill(this.#child.pid!, signal);
  }

  /** Reads to the end of the script's log. */
  async lines(): Promise<string[]> {
    let text = "";
    let over = false;
    this.ended.then(() => over = true);
    const buffer = new Uint8Array(4096);
    setNonBlocking(this.#pipe.output, true);
    for (;;) {
      const wasOver = over;
      const count = read(this.#pipe.output, buffer);
      if (count > 0) {
        text += new TextDecoder().decode(buffer.subarray(0, count));
      } else if (wasOver) return text.split("\n");
      else await delay(5);
    }
  }

  [Symbol.dispose]() {
    this.#child.kill("SIGKILL");
    this.#pipe[Symbol.dispose]();
  }
}

const PRODUCER = ["--via=pipe", `--count=${MANY}`, "--pause=0"];

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`producer, lab and server hear ${signal} though standard error is full`, async () => {
    const name = freshName();
    const flags = [`--name=${name}`, "--wait=block"];
    const lab = [...flags, `--count=${MANY}`, "--pause=0"];
    for (
      const [task, args] of [
        ["producer", PRODUCER],
        ["lab", lab],
        ["shared-memory", ["--count=4000", "--pause=0", "--wait=block"]],
        ["server", flags],
      ] as const
    ) {
      using script = new Stalled(task, [...args]);
      await using _flood = task === "server"
        ? shell(
          `until [ -p run/${name}.fifo ]; do sleep 0.02; done; ` +
            `exec yes "$(printf 'Type: x\\n\\n.')" > run/${name}.fifo`,
        )
        : undefined;
      await script.full();
      script.kill(signal);
      assertEquals(await script.ended, [code, null], task);
    }
    assertEquals(leftovers(name), []);
  });
}

Deno.test("producer gives up after --timeout though standard error is full", async () => {
  using script = new Stalled("producer", [...PRODUCER, "--timeout=1s"]);
  assertEquals(await script.ended, [1, null]);
});

Deno.test("a standard error that is read late loses no line", async () => {
  for (const task of ["producer", "shared-memory"] as const) {
    const flags = task === "producer"
      ? PRODUCER
      : [`--count=${MANY}`, "--pause=0", "--wait=block"];
    using script = new Stalled(task, flags);
    await script.full();
    const lines = await script.lines();
    assertEquals(await script.ended, [0, null]);
    assertEquals(
      lines.filter((line) => line.startsWith("INFO:process1:")).slice(1),
      [
        ...Array.from(
          { length: MANY },
          (_, i) => `INFO:process1:Writing ${i + 1}`,
        ),
        "INFO:process1:Finished process 1",
      ],
    );
  }
});
