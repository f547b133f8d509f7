import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import { UsageError } from "../../lib/error.ts";
import { Mutex } from "../../lib/shared_memory/mutex.ts";
import type { BlockingParking } from "../../lib/shared_memory/parking.ts";
import { help } from "../../lib/cli/help.ts";
import { readCommandLine } from "../../lib/cli/command_line.ts";
import { LAB } from "../../lib/lab/flags.ts";
import { RACE } from "../../lib/race/flags.ts";
import { blockingProcessParking } from "../../lib/shared_memory/process_parking.ts";
import { isAlive } from "../../lib/posix/process.ts";
import { openShared, unlinkShared } from "../../lib/posix/shm.ts";
import { descriptors, run, type Running, start } from "../scripts.ts";

const PEER = new URL("./mutex_peer.ts", import.meta.url);
const MECHANISMS = ["workers", "shm"];

/** Parking that records its calls. Its wait() frees the word, as an owner would. */
function recordingParking() {
  const calls: string[] = [];
  const parking: BlockingParking = {
    wait(words, index, value) {
      calls.push(`wait ${value}`);
      words[index] = 0; // an owner does so before it wakes us
    },
    wake: (_words, _index, count) => void calls.push(`wake ${count}`),
  };
  return { calls, parking };
}

Deno.test("Mutex neither waits nor wakes while nobody else locks it", () => {
  const { calls, parking } = recordingParking();
  const words = new Int32Array(1);
  const mutex = new Mutex(words, 0, parking);
  for (let i = 0; i < 3; i++) {
    mutex.lock();
    assertEquals(words[0], 1);
    mutex.unlock();
    assertEquals(words[0], 0);
  }
  assertEquals(calls, []);
});

Deno.test("Mutex.lock() sleeps while another has it, and unlock() wakes one", () => {
  const { calls, parking } = recordingParking();
  const words = new Int32Array([1]); // another thread has locked it
  const mutex = new Mutex(words, 0, parking);
  mutex.lock();
  assertEquals(words[0], 2);
  assertEquals(calls, ["wait 2"]);
  mutex.unlock();
  assertEquals(words[0], 0);
  assertEquals(calls, ["wait 2", "wake 1"]);
});

Deno.test("Mutex.unlock() refuses a mutex that is not locked", () => {
  const mutex = new Mutex(new Int32Array(1), 0);
  assertThrows(() => mutex.unlock(), Error, "that is not locked");
});

Deno.test("Mutex refuses an index outside of its words", () => {
  for (const index of [-1, 2, 0.5]) {
    assertThrows(
      () => new Mutex(new Int32Array(2), index),
      RangeError,
      `'index' must be from 0 to 1: current value is ${index}`,
    );
  }
});

/** Checks that no two peers of mutex_peer.ts ever had the mutex at once. */
function assertExcluded(memory: ArrayBufferLike, total: number) {
  const words = [...new Int32Array(memory, 0, 5)];
  assertEquals(words, [0, 0, 0, total, total]);
}

Deno.test("Mutex lets one worker in at a time", async () => {
  const memory = new SharedArrayBuffer(20);
  const times = 5_000;
  await Promise.all(Array.from({ length: 3 }, async () => {
    const worker = new Worker(PEER, { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    worker.onmessage = resolve;
    worker.onerror = reject;
    worker.postMessage({ memory, times });
    await promise;
    worker.terminate();
  }));
  assertExcluded(memory, 3 * times);
});

Deno.test("Mutex lets one process in at a time", async () => {
  const name = `/ipc-lab.test-mutex-${Deno.pid}`;
  using segment = openShared(name, { create: true, bytes: 20 });
  const times = 5_000;
  try {
    await Promise.all(Array.from({ length: 4 }, async () => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-ffi", PEER.pathname, name, String(times)],
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    }));
  } finally {
    unlinkShared(name);
  }
  assertExcluded(segment.memory, 4 * times);
});

Deno.test("blockingProcessParking.wait() returns at once if the word has another value", () => {
  const words = new Int32Array([0, 5]);
  const start = performance.now();
  for (let i = 0; i < 10; i++) blockingProcessParking.wait(words, 1, 4);
  assert(performance.now() - start < 500);
  blockingProcessParking.wake(words, 1, 1); // nobody sleeps there: nothing happens
});

interface Line {
  event: string;
  lock: string;
  lost: number;
  expected: number;
  ns: number;
}

/** Runs a race to its end. @returns Its lines about increments, as values. */
async function race(flags: string[]): Promise<Line[]> {
  const { code, log } = await run("race", [...flags, "--log=json"]);
  assertEquals(code, 0, log);
  return log.split("\n").map((line) => JSON.parse(line))
    .filter(({ event }) => event === "race");
}

for (const via of MECHANISMS) {
  // The other tests have 2 writers.
  Deno.test(`race --via=${via} loses nothing with a lock, with 1 and 3 writers`, async () => {
    for (const workers of [1, 3]) {
      const flags = [`--via=${via}`, `--workers=${workers}`, "--times=20000"];
      const lines = await race(flags);
      assertEquals(
        lines.map(({ lock }) => lock),
        ["loop", "none", "atomic", "mutex"],
      );
      for (const { lock, lost, expected, ns } of lines) {
        assertEquals(expected, lock === "loop" ? 20_000 : workers * 20_000);
        assert(ns > 0 && Number.isFinite(ns));
        assert(lost >= 0 && lost < expected);
        if (lock !== "none" || workers === 1) assertEquals(lost, 0);
      }
    }
  });

  Deno.test(`race --via=${via} loses updates without a lock`, async () => {
    for (let run = 1; run <= 5; run++) {
      const [, { lost }] = await race([`--via=${via}`, "--lock=none"]);
      assert(lost > 0, `run ${run} lost no update`);
    }
  });

  Deno.test(`race --via=${via} ends with 130 on Ctrl-C and leaves nothing`, async () => {
    for (const lock of ["none", "mutex"]) {
      await using script = startLong(via, lock);
      const pids = await writers(script, via);
      script.kill("SIGINT");
      const { code, log } = await script.ended();
      assertEquals(code, 130, log);
      assert(!log.includes("ERROR"), log);
      assertGone(pids);
    }
  });
}

/** A race that takes longer than any test. */
function startLong(via: string, lock: string): Running {
  const flags = [`--via=${via}`, `--lock=${lock}`, "--times=1000000000"];
  return start("race", [...flags, "--verbose"]);
}

/** Waits until both writers increment. @returns Their Pids; workers have none. */
async function writers(script: Running, via: string): Promise<number[]> {
  await script.saw("started writer 2");
  const pids = script.lines.flatMap((line) => {
    const [, pid] = /started writer \d, Pid (\d+)$/.exec(line) ?? [];
    return pid === undefined ? [] : [Number(pid)];
  });
  assertEquals(pids.length, via === "shm" ? 2 : 0);
  // Standard input is the segment; by now it has no name that could be left. The
  // name had the race's Pid in it, by which the soak looks for it.
  const segment = new RegExp(`ipc-lab-race\\.${script.pid}\\..*deleted`);
  for (const pid of pids) {
    while (!descriptors(pid).some((fd) => segment.test(fd))) {
      await delay(10);
    }
  }
  await delay(20);
  return pids;
}

function assertGone(pids: number[]) {
  assertEquals(pids.filter(isAlive), []);
}

Deno.test("race ends with 130 when Ctrl-C ends the writers first", async () => {
  await using script = startLong("shm", "mutex");
  const pids = await writers(script, "shm");
  pids.forEach((pid) => Deno.kill(pid, "SIGINT"));
  script.kill("SIGINT");
  const { code, log } = await script.ended();
  assertEquals(code, 130, log);
  assertGone(pids);
});

Deno.test("race ends with 130 on Ctrl-C before the start", async () => {
  await using script = startLong("shm", "none");
  await script.saw("started writer 1");
  script.kill("SIGINT");
  const { code, log } = await script.ended();
  assertEquals(code, 130, log);
  assertGone([]);
});

// With none, the other writer goes on; with mutex, it waits for the dead one.
for (const lock of ["none", "mutex"]) {
  Deno.test(`race says which writer was killed, with --lock=${lock}`, async () => {
    await using script = startLong("shm", lock);
    const pids = await writers(script, "shm");
    Deno.kill(pids[1], "SIGKILL");
    const { code, log } = await script.ended();
    assertEquals(code, 1, log);
    assertMatch(
      log,
      new RegExp(
        `\nERROR:race:Cannot go on: writer 2, Pid ${
          pids[1]
        }, was ended by SIGKILL$`,
      ),
    );
    assertGone(pids);
  });
}

Deno.test("race whose parent is killed leaves no segment and no writer", async () => {
  for (const lock of ["none", "mutex"]) {
    await using script = startLong("shm", lock);
    const pids = await writers(script, "shm");
    script.kill("SIGKILL");
    await script.ended(); // and the writers: they share its standard error
    while (pids.some(isAlive)) await delay(10); // a process closes it before it has ended
  }
});

Deno.test("race says how it went, beside a plain loop", async () => {
  const { code, log } = await run("race", ["--times=50000"]);
  assertEquals(code, 0, log);
  const [pid, loop, none, atomic, mutex, ...more] = log.split("\n");
  const ns = String.raw`\d+\.\d ns an increment`;
  const cost = String.raw`[\d.]+ ns each = [\d.]+ loops`;
  assertMatch(pid, /^INFO:race:Pid:\d+$/);
  assertMatch(
    loop,
    new RegExp(`^INFO:race:loop: a plain loop in one thread takes ${ns}$`),
  );
  assertMatch(
    none,
    new RegExp(
      String
        .raw`^INFO:race:none: (0 of 100000 .*: the writers took turns by chance, so try more --times|[1-9]\d* of 100000 updates lost, ${cost})$`,
    ),
  );
  for (const [lock, line] of Object.entries({ atomic, mutex })) {
    assertMatch(
      line,
      new RegExp(
        `^INFO:race:${lock}: 0 of 100000 updates lost, ${cost}$`,
      ),
    );
  }
  assertEquals(more, []);
  // The longest that the defaults can make: a projector has 80 columns.
  const most = mutex
    .replace(/mutex: \d+ of \d+/, "none: 100000000 of 200000000")
    .replace(/[\d.]+ ns each = [\d.]+/, "1000 ns each = 1000");
  assert(most.length <= 80, most);
});

Deno.test("race with one writer says that it has nobody to race with", async () => {
  const flags = ["--workers=1", "--times=10", "--lock=none"];
  const { log } = await run("race", flags);
  assertMatch(log, /0 of 10 updates .*: one writer has nobody to race with$/);
});

const BAD: [flag: string, says: string][] = [
  ["--via=fifo", "--via=fifo: it must be one of shm, workers"],
  ["--workers=0", "--workers=0: it must be a whole number from 1 to 64"],
  ["--workers=65", "--workers=65: it must be a whole number from 1 to 64"],
  ["--times=0", "--times=0: it must be a whole number from 1 to 1073741823"],
  ["--times=1073741824", "a whole number from 1 to 1073741823"],
  ["--lock=spin", "--lock=spin: it must be one of none, atomic, mutex, all"],
  ["--count=3", "Cannot use --count=3: race knows --via --workers --times"],
  ["--name=x", "Cannot use --name=x: race knows"],
];

for (const [flag, says] of BAD) {
  Deno.test(`readCommandLine() refuses race ${flag}`, () => {
    assertThrows(() => readCommandLine(RACE, [flag]), UsageError, says);
  });
}

Deno.test("readCommandLine() refuses the race's flags for the lab", () => {
  for (const flag of ["--workers=2", "--times=2", "--lock=none"]) {
    assertThrows(() => readCommandLine(LAB, [flag]), UsageError, "lab knows");
  }
});

Deno.test("readCommandLine() gives the race fewer increments with a lock", () => {
  const times = (...flags: string[]) =>
    readCommandLine(RACE, flags).options.times;
  const locked = { atomic: 2_000_000, mutex: 2_000_000 };
  assertEquals(times(), { none: 100_000_000, ...locked });
  // Their sum must fit into a signed 32-bit word.
  assertEquals(times("--workers=64"), { none: 33_554_431, ...locked });
  assertEquals(times("--times=5"), { none: 5, atomic: 5, mutex: 5 });
});

Deno.test("race says in one line what is wrong with a flag, exit 2", async () => {
  const { code, log } = await run("race", ["--lock=spin"]);
  assertEquals(code, 2);
  assertEquals(
    log,
    "ERROR:race:Cannot use --lock=spin: it must be one of none, atomic, mutex, all",
  );
});

Deno.test("help() of the race names its flags and no others", () => {
  const text = help(RACE);
  for (const flag of ["via=", "workers=", "times=", "lock=", "log="]) {
    assert(text.includes(`\n  --${flag}`), flag);
  }
  assert(!text.includes("--name") && !text.includes("fifo  "));
});
