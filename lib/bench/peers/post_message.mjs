// postMessage between two threads, in Node and in Deno: the same work as in
// payload.ts and work.ts.
//
//   post_message.mjs workers FOLDER ping|flood SIZE SECONDS BATCH
//
// It prints what it has measured as one line of JSON.
import { Buffer } from "node:buffer";
import process from "node:process";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const STOP = -1;
const MAX_SAMPLES = 200_000;
/** A compiler makes the loops fast while they run: first for so long (s). */
const WARM_UP_SECONDS = 0.1;
/** So many records are on their way at most, as in our ring: postMessage has no bound. */
const CAPACITY = 64;

/** Messages in a row: each has a number that counts up, and a pattern after it. */
class Messages {
  constructor(size, batch = 1) {
    this.stride = size / 4;
    this.words = new Int32Array(this.stride * batch);
    for (let i = 0; i < this.words.length; i++) {
      this.words[i] = Math.imul(i % this.stride, 0x9e3779b1) | 1;
    }
    this.bytes = new Uint8Array(this.words.buffer);
  }

  number(seq) {
    for (let at = 0; at < this.words.length; at += this.stride) {
      this.words[at] = seq === STOP ? 0 : 2 * seq++ + 1;
    }
  }
}

/** Compares each record that arrives with what it must be. */
class Check {
  last = 0;
  over = false;

  constructor(size, batch = 1) {
    this.expected = new Messages(size, batch);
    this.stop = new Messages(size);
    this.stop.number(STOP);
    this.batch = batch;
  }

  take(record) {
    if (Buffer.compare(record, this.stop.bytes) === 0) {
      this.over = true;
      return;
    }
    this.expected.number(this.last + 1);
    if (Buffer.compare(record, this.expected.bytes) !== 0) {
      throw new Error(`Wrong byte in message ${this.last + 1}`);
    }
    this.last += this.batch;
  }
}

/** A promise and what settles it: Promise.withResolvers() is newer than Node 20. */
function withResolvers() {
  const settle = {};
  settle.promise = new Promise((resolve, reject) => {
    Object.assign(settle, { resolve, reject });
  });
  return settle;
}

/** Sends messages, and waits until each comes back. */
function ping(port, size, seconds, samples) {
  const message = new Messages(size);
  const check = new Check(size);
  const { promise, resolve, reject } = withResolvers();
  const start = performance.now();
  let last = start;
  const next = () => {
    message.number(check.last + 1);
    port.postMessage(message.bytes);
  };
  port.on("message", (record) => {
    try {
      check.take(record);
    } catch (error) {
      reject(error);
    }
    const now = performance.now();
    if (samples.length < MAX_SAMPLES) samples.push((now - last) * 1000);
    last = now;
    if (now - start < seconds * 1000) return next();
    message.number(STOP);
    port.postMessage(message.bytes);
    resolve({ count: check.last, seconds: (now - start) / 1000 });
  });
  port.on("error", reject);
  next();
  return promise;
}

/** Sends as much as the other thread takes. */
function flood(port, size, seconds, batch) {
  const messages = new Messages(size, batch);
  const { promise, resolve, reject } = withResolvers();
  const start = performance.now();
  let writes = 0;
  let taken = 0;
  const fill = () => {
    while (writes - taken < CAPACITY) {
      messages.number(writes * batch + 1);
      port.postMessage(messages.bytes);
      writes++;
    }
  };
  port.on("message", (answer) => {
    if (answer.count !== undefined) {
      const own = (performance.now() - start) / 1000;
      return resolve({ ...answer, seconds: Math.max(own, answer.seconds) });
    }
    taken = answer.taken;
    if (performance.now() - start < seconds * 1000) return fill();
    if (taken < writes) return; // the rest is still on its way
    const last = new Messages(size);
    last.number(STOP);
    port.postMessage(last.bytes);
  });
  port.on("error", reject);
  fill();
  return promise;
}

/** The other thread: sends each message back, or takes them all. */
function serve() {
  parentPort.once("message", ({ work, size, batch }) => {
    const message = new Messages(size);
    const check = new Check(size, batch);
    let start = 0;
    let writes = 0;
    parentPort.on("message", (record) => {
      check.take(record);
      start ||= performance.now();
      if (check.over) {
        const seconds = (performance.now() - start) / 1000;
        if (work === "flood") {
          parentPort.postMessage({ count: check.last, seconds });
        }
        return; // the main thread ends this one
      }
      if (work === "ping") {
        message.number(check.last);
        parentPort.postMessage(message.bytes);
      } else if (++writes % (CAPACITY / 4) === 0) {
        parentPort.postMessage({ taken: writes });
      }
    });
  });
}

async function once(work, size, seconds, batch) {
  const worker = new Worker(new URL(import.meta.url));
  worker.postMessage({ work, size, batch });
  const samples = [];
  const before = process.cpuUsage();
  const measured = work === "ping"
    ? await ping(worker, size, seconds, samples)
    : await flood(worker, size, seconds, batch);
  const { user, system } = process.cpuUsage(before);
  await worker.terminate();
  samples.sort((a, b) => a - b);
  return {
    ...measured,
    cpuSeconds: (user + system) / 1e6,
    memory: [process.memoryUsage().rss],
    p50: samples[Math.floor(samples.length / 2)],
    p99: samples[Math.floor(samples.length * 0.99)],
  };
}

if (isMainThread) {
  const [, , , , work, size, seconds, batch] = process.argv;
  const job = [work, Number(size)];
  await once(...job, Math.min(WARM_UP_SECONDS, Number(seconds)), Number(batch));
  const measured = await once(...job, Number(seconds), Number(batch));
  process.stdout.write(JSON.stringify(measured) + "\n");
} else {
  serve();
}
