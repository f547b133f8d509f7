// A sender or receiver in a thread of its own: a worker of ring_test.ts.
/// <reference lib="deno.worker" />
import { Ring } from "../../lib/shared_memory/ring.ts";

interface Job {
  role: "send" | "receive";
  memory: SharedArrayBuffer;
  id: number;
  count: number;
}

self.onmessage = async (
  { data: { role, memory, id, count } }: MessageEvent<Job>,
) => {
  const ring = new Ring(memory, id);
  const ended = () => ring.sendersEver > 0 && ring.senders === 0;
  const never = new AbortController().signal;
  const values: number[] = [];
  if (role === "send") {
    ring.join();
    const record = new Int32Array(1);
    for (let i = 0; i < count; i++) {
      record[0] = i * 4 + id; // the last two bits are the sender's number
      while (!ring.put(new Uint8Array(record.buffer))) {
        await ring.sleep("senders", never);
      }
    }
    ring.leave();
  } else {
    for (;;) {
      const over = ended();
      const record = ring.take();
      if (record instanceof Uint8Array) {
        values.push(new Int32Array(record.slice().buffer)[0]);
      } else if (over) break;
      else await ring.sleep("receivers", never, Infinity, ended);
    }
  }
  self.postMessage(values);
};
