// A wait in the kernel on the one thread that JavaScript has.
import { assert, assertRejects } from "@std/assert";
import { inSlices } from "../../lib/posix/slice.ts";
import { libc } from "../../lib/posix/libc.ts";

/** Slices of 100 ms that may pass from a signal to the end of the wait. */
const MOST_SLICES = 15;
const TIMES = 25;

Deno.test("inSlices: a signal ends the wait within a few slices, also between two of them", async () => {
  const { poll } = libc();
  const nothing = new Int32Array(0);
  for (let i = 0; i < TIMES; i++) {
    const interruption = new AbortController();
    const listener = () => interruption.abort(new Error("interrupted"));
    Deno.addSignalListener("SIGUSR2", listener);
    try {
      let slices = 0;
      const sleep = (ms: number) => {
        poll(nothing, 0n, ms);
        // At the end of a slice: nothing cuts a sleep short.
        if (slices++ === 0) Deno.kill(Deno.pid, "SIGUSR2");
        return slices > MOST_SLICES;
      };
      const wait = async () => await inSlices(sleep, interruption.signal);
      await assertRejects(wait, Error, "interrupted");
      assert(slices <= MOST_SLICES);
    } finally {
      Deno.removeSignalListener("SIGUSR2", listener);
    }
  }
});
