// The verdict over all runs, and what a run must not do to others.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { SHEET } from "../../lib/check/evidence.ts";
import { judge, LATE_MS } from "../../lib/check/judge.ts";
import { reportOn } from "../../lib/check/report.ts";
import { descendantsOf, processSeen } from "../../lib/observe/mod.ts";
import { isAlive } from "../../lib/posix/process.ts";
import { MECHANISMS } from "../mechanisms.ts";
import {
  freshName,
  hasPython,
  shell,
  start,
  taskArguments,
} from "../scripts.ts";
import { serverEnv } from "../test_server.ts";
import { check, ENV, FLAGS, PROGRAMS, python } from "./command.ts";
import { FAST, freshFolder } from "./programs.ts";
import { runApart } from "./run_apart.ts";

const ignore = !hasPython();

/** Runs a shell's line. @returns What it prints. */
async function typed(line: string): Promise<string> {
  await using sh = shell(line);
  assertEquals((await sh.ended()).code, 0, line);
  return new TextDecoder().decode(await sh.output());
}

for (const { name: via, available } of MECHANISMS) {
  Deno.test({
    name: `check: right: our own lab --via=${via}`,
    ignore: available() !== true,
    async fn() {
      const args = [
        ...taskArguments("lab"),
        `--via=${via}`,
        `--name=${freshName()}`,
        "--pause=3s",
        "--retry=200ms",
      ];
      const evidence = await runApart(
        { commands: [[Deno.execPath(), ...args]], env: serverEnv() },
        20_000,
      );
      const { results } = judge(evidence, {
        ...SHEET,
        ...FAST,
        pauseMs: 3000, // process 2 may start late on a busy machine
        strict: true,
      });
      const failed = results.filter(({ status }) => status === "fail");
      // Workers share one process, and so one Pid: check tells them apart.
      assertEquals(
        failed.map(({ number, got }) => [number, got.replace(/\d+/, "N")]),
        via === "workers" ? [[2, "both have Pid N, as threads"]] : [],
        evidence.lines.map(({ text }) => text).join("\n"),
      );
    },
  });
}

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  Deno.test({
    name: `check ends the program when ${signal} ends check`,
    ignore,
    async fn() {
      const env = { ...ENV, PAUSE: "60" };
      await using script = start("check", python("right_fork.py"), { env });
      let pids: number[] = [];
      try {
        for (let i = 0; i < 500 && pids.length < 3; i++) {
          await delay(20);
          pids = descendantsOf(script.pid).filter((pid) =>
            processSeen(pid)?.command.startsWith("python")
          );
        }
        assertEquals(pids.length, 3);
        script.kill(signal);
        const { code } = await script.ended();
        if (signal === "SIGINT") {
          assertEquals([code, pids.filter(isAlive)], [130, []]);
        }
        // After kill -9 a guard ends them, a moment later.
        for (let i = 0; i < 500 && pids.some(isAlive); i++) await delay(20);
        assertEquals(pids.filter(isAlive), []);
      } finally {
        for (const pid of pids.filter(isAlive)) Deno.kill(pid, "SIGKILL");
      }
    },
  });
}

Deno.test({
  name: "check removes nothing that was there before",
  ignore,
  async fn() {
    const path = `/dev/shm/test-${crypto.randomUUID().slice(0, 8)}`;
    // Deno itself opens files in /dev only with --allow-all.
    await typed(`echo old > ${path}`);
    try {
      const code = `
import mmap, time
file = open("${path}", "r+b"); memory = mmap.mmap(file.fileno(), 4)
time.sleep(0.3)`;
      const program = { commands: [["python3", "-c", code]] };
      const { live } = await runApart(program, 10_000);
      assertEquals([live?.endings[0].code, live?.left], [0, []]);
      assertEquals(await typed(`cat ${path}`), "old\n");
    } finally {
      await typed(`rm ${path}`);
    }
  },
});

Deno.test({
  name: "check --runs says that the outcome depends on timing",
  ignore,
  async fn() {
    await using folder = await freshFolder();
    const flag = `${folder.path}/once`;
    const line = `if [ -e ${flag} ]; then rm ${flag}; ` +
      `exec python3 ${PROGRAMS}wrong_swapped.py; fi; ` +
      `touch ${flag}; exec python3 ${PROGRAMS}right_fork.py`;
    const { code, text } = await check(
      "--runs=3",
      `--record=${folder.path}/records`,
      ...["--", "sh", "-c", line],
    );
    assertEquals(code, 1, text);
    assertMatch(text, /^ {2}hint .*overtake/m);
    assertMatch(text, /^FAIL: 2 of 3 runs passed: .* timing \(70 of 100/m);
    const records = [...Deno.readDirSync(`${folder.path}/records`)];
    assertEquals(records.map(({ name }) => name.slice(-8)), [".2.jsonl"]);
  },
});

Deno.test({
  name: "check is inconclusive, exit 3, if it never gets a processor in time",
  ignore,
  async fn() {
    // So long that each run is stopped many times: one stop may be overlooked,
    // as check notices only in its sleeps how late it is.
    await using script = start("check", [
      ...FLAGS,
      "--pause=4s",
      ...python("wrong_alone.py"),
    ], { env: { ...ENV, PAUSE: "4" } });
    let isRunning = true;
    const ended = script.ended().finally(() => isRunning = false);
    const signal = (name: Deno.Signal) => {
      try {
        script.kill(name);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has just ended
      }
    };
    while (isRunning) {
      await Promise.race([ended, delay(LATE_MS)]);
      // A stopped process gets no processor, as on a machine that is too busy.
      signal("SIGSTOP");
      await delay(2 * LATE_MS);
      signal("SIGCONT");
    }
    const { code } = await ended;
    const text = new TextDecoder().decode(await script.output());
    assertEquals(code, 3, text);
    assertMatch(text, /^NO {2}8 /m);
    assertMatch(text, /^INCONCLUSIVE: this machine was too busy/m);
  },
});

Deno.test({
  name: "a rule about time that fails on a late machine is inconclusive",
  ignore,
  async fn() {
    const program = {
      commands: [["python3", PROGRAMS + "wrong_spins.py"]],
      env: ENV,
    };
    const evidence = await runApart(program, 10_000);
    const { live } = evidence;
    assert(live);
    const verdicts = [0, LATE_MS + 1].map((lateMs) => {
      const late = { ...evidence, live: { ...live, lateMs } };
      const judgement = judge(late, { ...SHEET, ...FAST });
      return { evidence: late, judgement };
    });
    const reports = [verdicts.slice(0, 1), verdicts.slice(1), verdicts]
      .map((runs) => reportOn("x", "x", runs).verdict);
    assertEquals(reports, ["fail", "inconclusive", "fail"]);
  },
});
