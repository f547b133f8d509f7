// The page's processes: they end with the server, whatever ends it.
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { isAlive } from "../../lib/posix/process.ts";
import type { Entry } from "../../lib/observe/recording.ts";
import { descendantsOf } from "../../lib/observe/processes.ts";
import { Stage } from "../../lib/page/stage.ts";
import { Program } from "../../lib/page/program.ts";
import { hasPython, leftovers, Running, taskArguments } from "../scripts.ts";

const WITHIN_MS = 30_000;

const RUN = {
  ...{ via: "fifo", wait: "retry", count: 10, pause: "0", interval: "0" },
  ...{ retry: "100ms", priorities: "0", capacity: 0, calls: false },
};

/** Entries as they come, and a wait for one of them. */
class Told {
  readonly entries: Entry[] = [];
  readonly tell = (entry: Entry) => void this.entries.push(entry);

  /** Resolves when an entry is as wanted. */
  async saw(wanted: (entry: Entry) => boolean): Promise<Entry> {
    const latest = performance.now() + WITHIN_MS;
    for (;;) {
      const found = this.entries.find(wanted);
      if (found) return found;
      const all = this.entries.map((entry) => JSON.stringify(entry)).join("\n");
      assert(performance.now() < latest, `Not in time:\n${all}`);
      await delay(20);
    }
  }

  async line(text: string): Promise<void> {
    await this.saw((entry) => "message" in entry && entry.message === text);
  }

  async pidOf(part: string): Promise<number> {
    const entry = await this.saw((entry) =>
      entry.event === "process" && entry.part === part
    );
    return "pid" in entry ? entry.pid : 0;
  }

  /** The Pids of the processes that have started, or that have ended. */
  pids(event: "process" | "end"): number[] {
    return this.entries.flatMap((entry) =>
      entry.event === event && "pid" in entry ? [entry.pid] : []
    );
  }

  /** Resolves when so many processes have started. @returns Their Pids. */
  async started(count: number): Promise<number[]> {
    await this.saw(() => this.pids("process").length === count);
    return this.pids("process");
  }

  /** Resolves when the program itself has ended. */
  async exited(): Promise<void> {
    await this.saw((entry) =>
      "how" in entry && `${entry.how}`.startsWith("exit code")
    );
  }
}

async function gone(pids: number[]): Promise<void> {
  const latest = performance.now() + WITHIN_MS;
  while (pids.some(isAlive)) {
    assert(performance.now() < latest, `${pids} have not ended`);
    await delay(20);
  }
}

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  Deno.test(`page ended by ${signal}: its processes end, even a stopped one`, async () => {
    await using page = new Running("sh", [
      ...["-c", 'exec "$@" >&2', "sh", Deno.execPath()],
      ...taskArguments("page"),
      "--port=0",
      ...["--", "sh", "-c", "sleep 300 & exec sleep 301"],
    ]);
    const timer = setTimeout(() => page.kill("SIGKILL"), WITHIN_MS);
    const pids = await started(page);
    Deno.kill(pids[0], "SIGSTOP");
    page.kill(signal);
    await page.ended();
    clearTimeout(timer);
    await gone(pids);
  });
}

/** Presses Run, and returns the program's two processes. */
async function started(page: Running): Promise<number[]> {
  const address = new URL(await page.saw("http://"));
  const first = await fetch(address, { redirect: "manual" });
  await first.body?.cancel();
  const [cookie] = (first.headers.get("set-cookie") ?? "").split(";");
  const { origin } = address;
  const headers = { cookie, origin, "content-type": "application/json" };
  const run = { method: "POST", headers, body: "{}" };
  const answer = await fetch(`${origin}/run`, run);
  assertEquals(answer.status, 200, await answer.text());
  const latest = performance.now() + WITHIN_MS;
  for (;;) {
    const pids = descendantsOf(page.pid);
    if (pids.length === 2) return pids;
    assert(performance.now() < latest, `${pids} have started`);
    await delay(20);
  }
}

Deno.test("Stage: step, another producer, a pause that changes, what is left", async () => {
  const told = new Told();
  const name = `test-${crypto.randomUUID().slice(0, 8)}`;
  const stage = new Stage(name, told.tell);
  try {
    stage.start({ ...RUN, count: 3, interval: "5s" });
    const producer = await told.pidOf("producer");
    await told.line("Read: 1");
    assertEquals(stage.startAnother("producer"), undefined);
    await told.line("Read: 4"); // where the first one was to end
    assert(stage.tell(producer, "pause 0"));
    assert(stage.tell(producer, "interval 0"));
    await told.line("Read: 3"); // the other one keeps the consumer
    const consumer = await told.pidOf("consumer");
    assert(stage.signal(consumer, "SIGSTOP"));
    await told.saw((entry) =>
      entry.event === "seen" && "processes" in entry &&
      entry.processes.some(({ pid, why }) =>
        pid === consumer && why.startsWith("stopped")
      )
    );
    assert(stage.signal(consumer, "SIGKILL"));
    await told.saw((entry) =>
      entry.event === "end" && "how" in entry && entry.how === "SIGKILL"
    );
    assert(!stage.signal(consumer, "SIGKILL"), "it has ended");
  } finally {
    await stage.end();
  }
  assertEquals(leftovers(name), []);
});

Deno.test({
  name: "Program: a student's lab3.py is seen as it is, without its help",
  ignore: !hasPython(),
  async fn() {
    const told = new Told();
    const program = new Program(["python3", "examples/sheet.py"], told.tell);
    try {
      await told.saw((entry) => "event" in entry && entry.event === "read");
      const seen = await told.saw((entry) =>
        entry.event === "seen" && "channels" in entry &&
        entry.processes.length > 1
      );
      assert("processes" in seen);
    } finally {
      await program.end();
    }
  },
});

Deno.test("Program: one that prints without end keeps nothing else waiting", async () => {
  const told = new Told();
  let linesAtOnce = 0;
  const timer = setInterval(() => linesAtOnce = 0, 0);
  const program = new Program(["sh", "-c", "yes; echo over"], (entry) => {
    told.tell(entry);
    assert(++linesAtOnce < 100_000, "no timer runs any more");
  });
  try {
    await told.line("y");
    const [, child] = await told.started(2);
    assert(program.signal(child, "SIGINT"));
    await told.line("over");
  } finally {
    clearInterval(timer);
    await program.end();
  }
});

Deno.test("Program: all lines are told before its end, the last one whole or not", async () => {
  const told = new Told();
  const text =
    "seq 3000; head -c 9000 /dev/zero | tr '\\0' x; echo; printf end";
  const program = new Program(["sh", "-c", text], told.tell);
  try {
    await told.exited();
    const lines = told.entries.flatMap((entry) =>
      "message" in entry ? [entry.message] : []
    );
    assertEquals(lines.slice(2998, 3000), ["2999", "3000"]);
    const [long, last, ...none] = lines.slice(3000);
    assert(/^x{2000,8000}$/.test(long), `a line of ${long.length} is shorter`);
    assertEquals([last, ...none], ["end"]);
  } finally {
    await program.end();
  }
});

Deno.test("Program: children that end with their parent are told as ended", async () => {
  const told = new Told();
  const program = new Program(["sh", "-c", "sleep 300; exit 3"], told.tell);
  try {
    const [parent, child] = await told.started(2);
    assert(program.signal(child, "SIGTERM"));
    await told.exited();
    assertEquals(told.pids("end"), [child, parent]);
  } finally {
    await program.end();
  }
});

Deno.test("Program: a child that nobody waits for ends once", async () => {
  const told = new Told();
  const text = "sleep 300 & sleep 301 & exec sleep 302"; // it never calls wait
  const program = new Program(["sh", "-c", text], told.tell);
  try {
    const [, ...children] = await told.started(3);
    for (const pid of children) {
      assert(program.signal(pid, "SIGTERM"));
      await told.saw((entry) => entry.event === "end" && entry.pid === pid);
    }
    assertEquals(told.pids("end"), children);
    assertEquals(told.pids("process").length, 3);
  } finally {
    await program.end();
  }
});

Deno.test("Program: an orphan is alive, takes signals, and ends with the rest", async () => {
  const told = new Told();
  // A shell's children ignore what it ignores: SIGHUP, as its terminal goes.
  const text = "trap '' HUP; sleep 300 & sleep 301 & sleep 302; exit 3";
  const program = new Program(["sh", "-c", text], told.tell);
  let children: number[] = [];
  try {
    const [parent, ...others] = await told.started(4);
    children = others;
    assert(program.signal(children[2], "SIGTERM"));
    await told.exited();
    assertEquals(told.pids("end"), [children[2], parent]);
    assert(program.signal(children[0], "SIGTERM"));
    await told.saw((entry) =>
      entry.event === "end" && entry.pid === children[0]
    );
    assert(isAlive(children[1]));
  } finally {
    await program.end();
  }
  assert(!isAlive(children[1]));
  assert(told.pids("end").includes(children[1]));
});
