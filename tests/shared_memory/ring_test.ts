import { assert, assertEquals, assertThrows } from "@std/assert";
import { CUT } from "../../lib/channel/mod.ts";
import { LabError } from "../../lib/error.ts";
import { ringBytes } from "../../lib/shared_memory/layout.ts";
import { Ring } from "../../lib/shared_memory/ring.ts";

function newRing(capacity: number, slotBytes = 8): Ring {
  const memory = new SharedArrayBuffer(ringBytes(capacity, slotBytes));
  return Ring.format(memory, capacity, slotBytes);
}

/** Keeps the process running: Atomics.waitAsync alone does not. */
function eventLoop(): Disposable {
  const timer = setInterval(() => {}, 1000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

Deno.test("Ring.put() and take() keep the order, round and round", () => {
  for (const capacity of [1, 2, 3, 7]) {
    const ring = newRing(capacity);
    let next = 0;
    let put = 0;
    for (let round = 0; round < 50; round++) {
      while (ring.put(new Uint8Array([put]))) put++;
      assertEquals(put - next, capacity); // bounded: never further ahead
      for (let i = 0; i <= round % capacity; i++) {
        assertEquals(ring.take(), new Uint8Array([next++]));
      }
    }
  }
});

Deno.test("Ring.take() gives records of every length, empty ones too", () => {
  const ring = newRing(2, 100);
  for (let length = 0; length <= 100; length++) {
    const record = new Uint8Array(length).fill(length);
    assert(ring.put(record));
    assertEquals(ring.take(), record);
  }
  const long = new Uint8Array(101);
  assertThrows(() => ring.put(long), RangeError, "101 bytes");
});

// Words in the head of a ring, as layout.ts has them.
const [TAIL, SENDING, HEAD, RECEIVING] = [16, 17, 32, 33];
const DEAD = 7;
const isAlive = (owner: number) => owner !== DEAD;

Deno.test("Ring.recover() turns the record of a killed sender into CUT", () => {
  const memory = new SharedArrayBuffer(ringBytes(2, 8));
  const ring = Ring.format(memory, 2, 8);
  const words = new Int32Array(memory);
  for (let round = 0; round < 5; round++) { // more than two laps
    assert(ring.put(new Uint8Array([1])));
    words[SENDING] = DEAD; // the killed sender holds the lock
    assertEquals(ring.put(new Uint8Array([2])), false);
    assert(ring.recover(isAlive)); // it had begun no record
    words[SENDING] = DEAD;
    words[TAIL] = (words[TAIL] + 1) % 4; // it was filling a slot
    assert(ring.recover(isAlive));
    assertEquals(ring.put(new Uint8Array([2])), false); // full
    assertEquals(ring.take(), new Uint8Array([1]));
    assertEquals(ring.take(), CUT);
    assertEquals(ring.take(), undefined);
  }
});

Deno.test("Ring.recover() frees what a killed receiver had begun to take", () => {
  const memory = new SharedArrayBuffer(ringBytes(2, 8));
  const ring = Ring.format(memory, 2, 8);
  const words = new Int32Array(memory);
  for (let round = 0; round < 5; round++) {
    assert(ring.put(new Uint8Array([1])));
    assert(ring.put(new Uint8Array([2])));
    words[RECEIVING] = DEAD;
    assertEquals(ring.take(), undefined);
    assert(ring.recover(isAlive)); // it had begun no record: nothing is lost
    words[RECEIVING] = DEAD;
    words[HEAD] = (words[HEAD] + 1) % 4;
    assertEquals(ring.put(new Uint8Array([3])), false); // still full
    assert(ring.recover(isAlive));
    assert(ring.put(new Uint8Array([3])));
    assertEquals(ring.take(), new Uint8Array([2]));
    assertEquals(ring.take(), new Uint8Array([3]));
    assertEquals(ring.take(), undefined);
  }
});

Deno.test("Ring.recover() takes no lock of a live process, and sleep() waits for that lock", async () => {
  const memory = new SharedArrayBuffer(ringBytes(2, 8));
  const ring = Ring.format(memory, 2, 8);
  const words = new Int32Array(memory);
  words[SENDING] = DEAD + 1;
  assertEquals(ring.put(new Uint8Array([1])), false);
  assertEquals(ring.recover(isAlive), false);
  using _loop = eventLoop();
  const { signal } = new AbortController();
  assert(await ring.sleep("senders", signal)); // after a moment: look again
  words[SENDING] = 0;
  assert(ring.put(new Uint8Array([1])));
});

Deno.test("Ring.recover() refuses an impossible owner", () => {
  const memory = new SharedArrayBuffer(ringBytes(2, 8));
  const ring = Ring.format(memory, 2, 8);
  new Int32Array(memory)[SENDING] = -1;
  assertThrows(() => ring.recover(isAlive), LabError, "damaged: owner -1");
});

Deno.test("Ring.sleep() wakes when a record comes, a slot gets free, or the last sender goes", async () => {
  const memory = new SharedArrayBuffer(ringBytes(1, 8));
  const ring = Ring.format(memory, 1, 8);
  const other = new Ring(memory, 2);
  using _loop = eventLoop();
  const { signal } = new AbortController();
  ring.join();
  for (let round = 0; round < 3; round++) {
    const filled = other.sleep("receivers", signal);
    assert(ring.put(new Uint8Array([round])));
    assert(await filled);
    const emptied = ring.sleep("senders", signal);
    assertEquals(other.take(), new Uint8Array([round]));
    assert(await emptied);
  }
  const over = other.sleep("receivers", signal);
  ring.leave();
  assert(await over);
  assertEquals(await other.sleep("receivers", signal, 1), false); // none came
});

Deno.test("Ring refuses memory that holds no ring, or another kind of ring", () => {
  const attach = (change: (words: Int32Array) => void) => {
    const memory = new SharedArrayBuffer(ringBytes(2, 8));
    Ring.format(memory, 2, 8);
    change(new Int32Array(memory));
    return () => new Ring(memory);
  };
  assertThrows(
    () => new Ring(new SharedArrayBuffer(8)),
    LabError,
    "of 8 bytes",
  );
  assertThrows(attach((w) => w[0] = 0), LabError, "holds no ring");
  assertThrows(attach((w) => w[1] = 3), LabError, "version 3: ours is 4");
  assertThrows(
    attach((w) => w[2] = 1000),
    LabError,
    "1000 slots of 8 bytes in",
  );
  assertThrows(attach((w) => w[3] = -1), LabError, "slots of -1 bytes in");
});

Deno.test("Ring survives garbage in its memory: an error or nothing, never a hang", () => {
  let seed = 1;
  const random = () => seed = Math.imul(seed, 1_664_525) + 1_013_904_223 | 0;
  for (let round = 0; round < 500; round++) {
    const memory = new SharedArrayBuffer(ringBytes(4, 8));
    const ring = Ring.format(memory, 4, 8);
    const words = new Int32Array(memory);
    for (let i = 0; i < 20; i++) {
      words[4 + Math.abs(random()) % (words.length - 4)] = random() >>
        (round % 32);
    }
    for (let i = 0; i < 20; i++) {
      try {
        const record = ring.take();
        assert(record === undefined || record === CUT || record.length <= 8);
        ring.put(new Uint8Array([i]));
      } catch (error) {
        assert(error instanceof LabError, String(error));
      }
    }
  }
});

Deno.test("Ring gives each record to one receiver, from 2 senders to 2 receivers in workers", async () => {
  const count = 20_000;
  const memory = new SharedArrayBuffer(ringBytes(5, 8));
  const ring = Ring.format(memory, 5, 8);
  ring.join(); // so that no receiver sees the end before the start
  const url = new URL("./ring_worker.ts", import.meta.url);
  const jobs = ["send", "send", "receive", "receive"].map((role, i) => {
    const worker = new Worker(url, { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    worker.onmessage = ({ data }: MessageEvent<number[]>) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = (event) => reject(event.error);
    worker.postMessage({ role, memory, id: i + 2, count });
    return promise;
  });
  await Promise.all(jobs.slice(0, 2));
  ring.leave();
  const received = await Promise.all(jobs.slice(2));
  const all = new Set(received.flat());
  assertEquals(received.flat().length, 2 * count); // none twice
  assertEquals(all.size, 2 * count); // none lost
  for (const mine of received) { // each sender's order kept
    for (const sender of [2, 3]) {
      const seqs = mine.filter((value) => value % 4 === sender);
      assertEquals(seqs, seqs.toSorted((a, b) => a - b));
    }
  }
});
