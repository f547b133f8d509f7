import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { ABSENT, CUT, END, PENDING } from "../../lib/channel/mod.ts";
import { TimeoutError } from "../../lib/error.ts";
import { retry, retryLine, waitFor, WAYS } from "../../lib/wait/mod.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** Returns the value at the nth look. */
function lookUntil(n: number): () => string | typeof PENDING {
  let looks = 0;
  return () => ++looks < n ? PENDING : "data";
}

Deno.test("retry() does not sleep if the value is there", async () => {
  const clock = new VirtualClock();
  assertEquals(await clock.run(retry(lookUntil(1), { clock })), "data");
  assertEquals(clock.now(), 0);
});

Deno.test("retry() sleeps for the delay before each look, and reports each sleep", async () => {
  const clock = new VirtualClock();
  const said: unknown[] = [];
  const onRetry = (...args: unknown[]) => said.push([clock.now(), ...args]);
  const options = { clock, delay: 250, onRetry };
  assertEquals(await clock.run(retry(lookUntil(4), options)), "data");
  assertEquals(clock.now(), 750);
  assertEquals(said, [
    [0, PENDING, 1, 250],
    [250, PENDING, 2, 250],
    [500, PENDING, 3, 250],
  ]);
});

Deno.test("retry() gives up after the timeout, with a last look", async () => {
  const clock = new VirtualClock();
  let looks = 0;
  const never = () => {
    looks++;
    return PENDING;
  };
  await assertRejects(
    () => clock.run(retry(never, { clock, delay: 400, timeout: 1000 })),
    TimeoutError,
    "Data not available: gave up after 1 second",
  );
  assertEquals([clock.now(), looks], [1000, 4]); // at 0, 400, 800 and 1000 ms
});

Deno.test("retry() never gives up with timeout = 0", async () => {
  const clock = new VirtualClock();
  const options = { clock, delay: 60_000, timeout: 0 };
  assertEquals(await clock.run(retry(lookUntil(100), options)), "data");
});

Deno.test("waitFor() does not count the time in which the process is stopped", async () => {
  const never = (signal: AbortSignal) => delay(60_000, { signal });
  const waits = WAYS.map((way) =>
    assertRejects(
      () => waitFor(() => PENDING, never, { way, delay: 100, timeout: 3000 }),
      TimeoutError,
      "gave up after 3 seconds",
    )
  );
  await delay(10);
  // As in a stopped process, nothing runs; it goes on before the timeout.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
  const goesOn = performance.now();
  await Promise.race(waits);
  assert(performance.now() - goesOn > 2500);
  await Promise.all(waits);
});

Deno.test("retry() ends at once when aborted", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const work = retry(lookUntil(3), {
    clock,
    signal: controller.signal,
    onRetry: () => queueMicrotask(() => controller.abort(new Error("enough"))),
  });
  await assertRejects(() => work, Error, "enough");
});

Deno.test("retry() refuses a delay that is not positive", async () => {
  for (const delay of [0, -1, NaN]) {
    await assertRejects(
      () => retry(lookUntil(1), { delay }),
      RangeError,
      `current value is ${delay}`,
    );
  }
});

Deno.test("waitFor() refuses a negative timeout, whichever the way", async () => {
  for (const way of WAYS) {
    for (const timeout of [-1, NaN]) {
      await assertRejects(
        () => waitFor(() => PENDING, () => undefined, { way, timeout }),
        RangeError,
        `current value is ${timeout}`,
      );
    }
  }
});

Deno.test("retryLine() has the duration in it", () => {
  const said = [1000, 200, 5000, 1500].map((ms) => retryLine(PENDING, ms));
  assertEquals(said, [
    "Data not available sleeping for 1 second before retrying",
    "Data not available sleeping for 0.2 seconds before retrying",
    "Data not available sleeping for 5 seconds before retrying",
    "Data not available sleeping for 1.5 seconds before retrying",
  ]);
});

Deno.test("retry() and waitFor() do not repeat a look that was just made", async () => {
  const clock = new VirtualClock();
  for (const wait of ["retry", "block"] as const) {
    let looks = 0;
    const said: string[] = [];
    const look = () => {
      looks++;
      said.push("look");
      return "data";
    };
    const onRetry = () => said.push("sleep");
    const ready = () => Promise.resolve(void said.push("sleep"));
    const options = { way: wait, clock, onRetry };
    const found = waitFor<string>(look, ready, options, PENDING);
    assertEquals(await clock.run(found), "data");
    assertEquals(said, ["sleep", "look"]);
    assertEquals(looks, 1);
  }
});

Deno.test("END and CUT are answers, not reasons to wait", async () => {
  for (const answer of [END, CUT]) {
    for (const way of WAYS) {
      const found = await waitFor(() => answer, () => undefined, { way });
      assertEquals(found, answer);
    }
  }
});

Deno.test("block: a ready() that returns at once does not hold up timers and signals", async () => {
  for (const ready of [() => undefined, () => Promise.resolve()]) {
    const options = { way: "block", timeout: 300 } as const;
    await assertRejects(
      () => waitFor(() => ABSENT, ready, options),
      TimeoutError,
      "Nobody reads yet: gave up after 0.3 seconds",
    );
    const controller = new AbortController();
    const { signal } = controller;
    setTimeout(() => controller.abort(new Error("Ctrl-C")), 50);
    await assertRejects(
      () => waitFor(() => ABSENT, ready, { ...options, timeout: 0, signal }),
      Error,
      "Ctrl-C",
    );
  }
});

for (const way of WAYS) {
  const ready = () => Promise.resolve();

  Deno.test(`waitFor() finds the value with ${way}`, async () => {
    assertEquals(
      await waitFor(lookUntil(3), ready, { way, delay: 1 }),
      "data",
    );
  });

  Deno.test(`waitFor() gives up and can be aborted with ${way}`, async () => {
    const never = (signal: AbortSignal) =>
      new Promise<void>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    await assertRejects(
      () => waitFor(() => PENDING, never, { way, delay: 1, timeout: 30 }),
      TimeoutError,
      "Data not available: gave up after 0.03 seconds",
    );
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(
      () => waitFor(() => PENDING, never, { way, signal }),
      Error,
      "enough",
    );
  });
}
