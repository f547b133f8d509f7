// The peers: programs in C, Python and others that do the same work as ours.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { Payload, STOP } from "../../lib/bench/payload.ts";
import { PEERS, PROGRAMS } from "../../lib/bench/peer_list.ts";
import { Peers } from "../../lib/bench/peers.ts";
import { LabError } from "../../lib/error.ts";
import { ProcessLog, startLog } from "../../lib/cli/log.ts";
import { openShared, unlinkShared } from "../../lib/posix/shm.ts";
import { ringBytes } from "../../lib/shared_memory/layout.ts";
import { Ring } from "../../lib/shared_memory/ring.ts";
import {
  freshName,
  hasPython,
  leftovers,
  objectName,
  shell,
  start,
} from "../scripts.ts";

/** No peer takes longer than this (ms), even beside other programs. */
const LIMIT_MS = 200_000;

/** What the log says while the peers are built. */
const lines: string[] = [];
startLog({ write: (line) => lines.push(line) });
/** The peers; they are built once, because the compilers take seconds. */
const peers = await Peers.build(
  new ProcessLog("bench"),
  AbortSignal.timeout(LIMIT_MS),
);
Deno.test.afterAll(() => peers[Symbol.asyncDispose]());

/** Is there a compiler? CI may have none. */
const CC = await shell("command -v cc").ended().then(({ code }) => code === 0);

const SECONDS = 0.01;
Deno.test("every peer that could be built counts messages in every size and batch", async () => {
  const missing = lines.filter((line) => line.includes("Left out: "));
  const programs = new Set(
    PEERS.map(({ program }) => PROGRAMS[program].name).concat("C, stdio"),
  );
  const there = new Set(
    [...programs].filter((name) =>
      !missing.some((line) => line.includes(`Left out: ${name}: `))
    ),
  );
  // One is always there: the program that runs this test.
  assert(there.has("Deno"), lines.join("\n"));
  assertEquals(
    peers.subjects.map(({ name }) => name),
    PEERS.filter(({ program }) => there.has(PROGRAMS[program].name))
      .map(({ name }) => name),
  );
  for (const peer of peers.subjects) {
    for (const [size, batch] of [[8, 512], [65536, 1]]) {
      if (size > peer.limit) continue;
      const conditions = { wait: peer.wait, size, seconds: SECONDS };
      const { count, mean, p50, p99 } = await peer.roundTrip(conditions);
      const what = `${peer.name}, ${size} bytes`;
      assert(count > 0 && mean > 0 && p50 > 0 && p99 >= p50, what);
      const flow = await peer.oneWay(conditions, batch);
      assert(flow.count >= batch && flow.count % batch === 0, what);
      assert(flow.seconds > 0 && flow.cpuSeconds >= 0, what);
      assert(flow.memory.length > 0 && flow.memory.every((n) => n > 1e5), what);
      // Their own memory, and not that of this process, which started them.
      const { length: processes } = flow.memory;
      const small = peer.name.startsWith("C ") && processes === 2;
      assert(
        !small || Math.max(...flow.memory) < 2e7,
        `${flow.memory} ${what}`,
      );
    }
  }
});

/** Reads a ring until a record is there. */
function next(ring: Ring): Uint8Array {
  const end = performance.now() + 20_000;
  for (let looks = 1;; looks++) {
    const record = ring.take();
    if (record instanceof Uint8Array) return record;
    if (looks % 1000 === 0 && performance.now() > end) {
      throw new Error("The program in C does not answer");
    }
  }
}

Deno.test(
  "the ring in C is our ring: they read each other's records (needs cc)",
  { ignore: !CC },
  async () => {
    const name = objectName(freshName());
    const bytes = ringBytes(64, 66_048);
    const open = (way: string) =>
      openShared(`${name}.${way}`, { create: true, exclusive: true, bytes });
    using there = open("there");
    using back = open("back");
    try {
      const rings = [there, back].map(({ memory }) =>
        Ring.format(memory, 64, 66_048)
      );
      const [out, into] = rings;
      for (const size of [8, 100, 256, 1000, 65536]) {
        const echoing = peers.run(
          PROGRAMS.ring,
          [name, peers.folder, "echo", `${size}`, "0", "1"],
          0,
        );
        const message = new Payload(size);
        for (let seq = 1; seq <= 200; seq++) { // more than three laps
          message.number(seq);
          assert(out.put(message.bytes));
          assertEquals(next(into), message.bytes);
        }
        message.number(STOP);
        assert(out.put(message.bytes));
        assertEquals(await echoing, "");
      }
      assertEquals(rings.map(({ length }) => length), [0, 0]);
    } finally {
      for (const way of ["there", "back"]) unlinkShared(`${name}.${way}`);
    }
  },
);

Deno.test("a peer in C fails on a wrong byte, and says where (needs cc)", {
  ignore: !CC,
}, async () => {
  const name = objectName(freshName());
  const bytes = ringBytes(64, 66_048);
  const segments = ["there", "back"].map((way) =>
    openShared(`${name}.${way}`, { create: true, exclusive: true, bytes })
  );
  try {
    const [out] = segments.map(({ memory }) => Ring.format(memory, 64, 66_048));
    const message = new Payload(100);
    message.number(1);
    message.bytes[50] ^= 1;
    out.put(message.bytes);
    const error = await peers.run(
      PROGRAMS.ring,
      [name, peers.folder, "echo", "100", "0", "1"],
      0,
    ).catch((error) => error);
    assert(error instanceof LabError, `${error}`);
    assertMatch(error.message, /^Wrong byte in message 1$/);
  } finally {
    for (const segment of segments) segment.close();
    for (const way of ["there", "back"]) unlinkShared(`${name}.${way}`);
  }
});

Deno.test("bench --peers names what it cannot build, on a machine without compilers", async () => {
  const flags = ["--peers", "--via=workers", "--size=8", "--wait=block"];
  const empty = await Deno.makeTempDir();
  try {
    await using script = start("bench", [
      ...flags,
      "--seconds=0.01",
      "--rounds=1",
    ], { env: { PATH: empty } });
    const { code, log } = await script.ended();
    assertEquals(code, 0, log);
    for (const { name, ...program } of Object.values(PROGRAMS)) {
      if (name === "Deno") continue;
      const [command] = "build" in program ? program.build : program.run;
      assert(
        log.includes(
          name === "Node"
            ? "INFO:bench:Left out: Node: there is no Node"
            : `INFO:bench:Left out: ${name}: cannot start ${command}: `,
        ),
        log,
      );
    }
    const table = new TextDecoder().decode(await script.output());
    assertMatch(table, /^\| Deno postMessage/m);
    // One round has no fastest and no slowest.
    assertMatch(table, /^one round$/m);
    assert(!/\d to \d/.test(table), table);
    assertMatch(table, /^left out: C: cannot start cc: /m);
  } finally {
    await Deno.remove(empty, { recursive: true });
  }
});

/** A folder with nothing but a C compiler, for PATH: to build C++ takes long. */
async function compilerAlone(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const links = ["cc", "as", "ld"]
    .map((name) => `ln -s "$(command -v ${name})" ${folder}`).join(" && ");
  assertEquals((await shell(links).ended()).code, 0);
  return folder;
}

/** Running processes that have the text in their command line. */
async function processesOf(text: string): Promise<string[]> {
  // The brackets keep pgrep's own shell out: it has them in its command line.
  const found = shell(`pgrep -f '${text.replace("run", "[r]un")}'`);
  await found.ended();
  const pids = new TextDecoder().decode(await found.output());
  return pids.split("\n").filter((pid) => pid !== "");
}

Deno.test("bench --peers leaves no program and no file on Ctrl-C (needs cc)", {
  ignore: !CC,
}, async () => {
  const flags = ["--via=workers", "--size=8", "--wait=block", "--seconds=2"];
  const path = await compilerAlone();
  await using script = start("bench", ["--peers", ...flags], {
    env: { PATH: path },
  });
  await script.saw("Measuring");
  const folder = `run/bench.${script.pid}.peers`;
  const end = performance.now() + LIMIT_MS;
  while ((await processesOf(folder)).length === 0) { // until a peer runs
    assert(performance.now() < end, "no peer was started");
    await delay(20);
  }
  script.kill("SIGINT");
  const { code, log } = await script.ended();
  assertEquals(code, 130, log);
  assertEquals(leftovers(`bench.${script.pid}`), []);
  // The second process of a pair ends by a signal when the first one has.
  while ((await processesOf(folder)).length > 0) {
    assert(performance.now() < end, "a peer still runs");
    await delay(20);
  }
});

Deno.test(
  "the peer in Python fails on a wrong byte, and on a missing message (needs python3)",
  {
    ignore: !hasPython(),
  },
  async () => {
    const take = (change: string) =>
      shell(
        `cd lib/bench/peers && python3 -B -c '
from multiprocessing_peer import Check, Messages
check, messages = Check(100, 2), Messages(100, 2)
messages.number(1)
${change}
check.take(bytes(messages.bytes))'`,
      ).ended();
    assertEquals((await take("")).code, 0);
    for (const change of ["messages.bytes[150] ^= 1", "messages.number(2)"]) {
      const { code, log } = await take(change);
      assertEquals([code, log], [1, "Wrong byte in message 1"]);
    }
  },
);

Deno.test(
  "bench --peers leaves out a peer that does not work here, and says why (needs cc)",
  {
    ignore: !CC,
  },
  async () => {
    const flags = "--peers --via=workers --size=8 --wait=block --rounds=1";
    await using script = shell(
      `prlimit --msgqueue=0 "${Deno.execPath()}" task -q bench ${flags} --seconds=0.01`,
    );
    const { code, log } = await script.ended();
    assertEquals(code, 0, log);
    assertMatch(log, /^INFO:bench:Left out: C queue: mq_open: .+$/m);
    const table = new TextDecoder().decode(await script.output());
    assertMatch(table, /^\| C fifo/m);
    assert(!table.includes("| C queue"), table);
  },
);
