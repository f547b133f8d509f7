// An end of a ring that stops in the middle of a step, with the role's lock: a
// process of its own, started by liveness_test.ts.
import { openReceiver, openSender } from "../../lib/mechanism/shm.ts";
import { openShared } from "../../lib/posix/shm.ts";
import { WORD } from "../../lib/shared_memory/layout.ts";

const [role, name] = Deno.args;
const address = { path: name };
using _end = role === "sender" ? openSender(address) : openReceiver(address);
using segment = openShared(name);
const words = new Int32Array(segment.memory);
const ours = Atomics.load(words, WORD.lastEnd);
const [lock, position] = role === "sender"
  ? [WORD.sending, WORD.tail]
  : [WORD.receiving, WORD.head];
Atomics.store(words, lock, ours);
Atomics.add(words, position, 1); // as Ring.put() and take() begin
Deno.stderr.writeSync(new TextEncoder().encode("Holding\n"));
await Deno.stdin.read(new Uint8Array(1)); // until its parent ends, or ends it
