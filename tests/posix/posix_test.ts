import { constants as os } from "node:os";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  close,
  EAGAIN,
  EBADF,
  EPIPE,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  open,
  read,
  setNonBlocking,
  write,
} from "../../lib/posix/file.ts";
import { processParking } from "../../lib/shared_memory/process_parking.ts";
import { available } from "../../lib/posix/available.ts";
import { confirmed, libc, SystemError } from "../../lib/posix/libc.ts";
import { MessageQueue } from "../../lib/posix/mqueue.ts";
import { stat } from "../../lib/posix/stat.ts";
import {
  pollFd,
  POLLHUP,
  POLLIN,
  POLLOUT,
  waitFd,
} from "../../lib/posix/poll.ts";
import { Pipe } from "../../lib/posix/pipe.ts";
import { isAlive } from "../../lib/posix/process.ts";
import { openShared, unlinkShared } from "../../lib/posix/shm.ts";

const granted = Deno.build.os === "linux" &&
  Deno.permissions.querySync({ name: "ffi" }).state === "granted";
const never = new AbortController().signal;
const POSIX = import.meta.resolve("../../lib/posix/");
const ROOT = new URL("../..", import.meta.url);
let names = 0;

function test(name: string, fn: () => void | Promise<void>) {
  Deno.test({ name, ignore: !granted, fn });
}

function freshName(): string {
  return `/ipc-lab-test.${Deno.pid}.${++names}`;
}

/** A FIFO in a folder of its own. */
function makeFifo() {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/fifo`;
  new Deno.Command("mkfifo", { args: [path] }).outputSync();
  const fds: number[] = [];
  return {
    path,
    open(flags: number) {
      const fd = open(path, flags | O_NONBLOCK);
      fds.push(fd);
      return fd;
    },
    [Symbol.dispose]() {
      fds.forEach((fd) => close(fd));
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

/**
 * Asks until the answer changes. A child that another test is just starting
 * holds our closed descriptors open a moment longer: from fork(2) to execve(2).
 */
function until<T>(not: T, ask: () => T): T {
  for (;;) {
    const answer = ask();
    if (answer !== not) return answer;
  }
}

/** Another process; `say()` gives its next line of output. */
function startPeer(code: string, permissions = ["--allow-all"]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", ...permissions, "--ext=ts", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  input.write(new TextEncoder().encode(code));
  input.close();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  return {
    pid: child.pid,
    async say(): Promise<string> {
      while (!rest.includes("\n")) {
        const { value, done } = await output.read();
        if (done) throw new Error(`The peer ended after '${rest}'`);
        rest += value;
      }
      const end = rest.indexOf("\n");
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      return line;
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await output.cancel();
      await child.status;
    },
  };
}

test("confirmed() believes an unusual error only if it comes again", () => {
  const buffer = new Uint8Array(1);
  const readFrom = (fd: number) => () => libc().read(fd, buffer, 1n);
  const { ENOENT } = os.errno;
  using pipe = new Pipe();
  setNonBlocking(pipe.output, true);
  const read = readFrom(pipe.output);
  assertEquals(confirmed(EAGAIN, [EAGAIN], read), -EAGAIN, "and is not called");
  assertEquals(confirmed(ENOENT, [EAGAIN], read), -EAGAIN, "it was changed");
  assertEquals(confirmed(EBADF, [EAGAIN], readFrom(-1)), -EBADF, "it is so");
  assertEquals(write(pipe.input, new Uint8Array([7])), 1);
  assertEquals(confirmed(ENOENT, [EAGAIN], read), 1, "now it has come");
  assertEquals(buffer[0], 7);
});

Deno.test("available() gives the reason without permission, and nothing prompts", async () => {
  if (Deno.build.os !== "linux") return;
  const imports = ["file", "futex", "mqueue", "poll", "process", "shm"]
    .map((file) => `import "${POSIX}${file}.ts";`).join("");
  await using peer = startPeer(
    `${imports}
    import { available } from "${POSIX}available.ts";
    import { libc } from "${POSIX}libc.ts";
    console.log(available());
    try { libc(); } catch (error) { console.log(error.name, error.message); }`,
    [],
  );
  assertStringIncludes(await peer.say(), "--allow-ffi");
  assertStringIncludes(await peer.say(), "LabError Cannot call the C library");
});

test("available() is true with permission", () => {
  assertEquals(available(), true);
});

test("SystemError has the code and the system's words", () => {
  const error = new SystemError("mq_open /x", EAGAIN, "a hint");
  assertEquals(error.code, "EAGAIN");
  assertEquals(
    error.message,
    "Cannot mq_open /x: Resource temporarily unavailable: a hint",
  );
});

test("read() gives bytes, -EAGAIN, and 0 at the end", () => {
  using fifo = makeFifo();
  const reader = fifo.open(O_RDONLY);
  const buffer = new Uint8Array(100);
  assertEquals(read(reader, buffer), 0);
  const writer = open(
    fifo.path,
    O_WRONLY | O_NONBLOCK,
  );
  for (let i = 0; i < 20_000; i++) {
    assertEquals(read(reader, buffer), -EAGAIN); // also after it was compiled
  }
  write(writer, new Uint8Array([1, 2, 3]));
  assertEquals(read(reader, buffer), 3);
  assertEquals(buffer.subarray(0, 3), new Uint8Array([1, 2, 3]));
  close(writer);
  assertEquals(until(-EAGAIN, () => read(reader, buffer)), 0);
  assertEquals(read(-1, buffer), -EBADF);
});

test("write() gives bytes, -EAGAIN when full, and -EPIPE without a reader", () => {
  using fifo = makeFifo();
  const reader = open(
    fifo.path,
    O_RDONLY | O_NONBLOCK,
  );
  const writer = fifo.open(O_WRONLY);
  const bytes = new Uint8Array(65_536).map((_, i) => i);
  assertEquals(write(writer, bytes, 10, 4), 4);
  const buffer = new Uint8Array(8);
  assertEquals(read(reader, buffer), 4);
  assertEquals(buffer.subarray(0, 4), bytes.subarray(10, 14));
  assertEquals(write(writer, bytes), 65_536);
  assertEquals(write(writer, bytes), -EAGAIN);
  assertThrows(() => write(writer, bytes, 65_530, 7), RangeError);
  close(reader);
  assertEquals(until(-EAGAIN, () => write(writer, bytes, 0, 1)), -EPIPE);
});

test("setNonBlocking() switches O_NONBLOCK and says what it was", () => {
  using fifo = makeFifo();
  const fd = fifo.open(O_RDWR);
  assertEquals(setNonBlocking(fd, false), true);
  assertEquals(setNonBlocking(fd, true), false);
  assertEquals(read(fd, new Uint8Array(1)), -EAGAIN);
  assertThrows(() => setNonBlocking(-1, true), SystemError, "descriptor -1");
});

test("pollFd() sees readable, writable, hung up and the timeout", () => {
  using fifo = makeFifo();
  const reader = fifo.open(O_RDONLY);
  assertEquals(pollFd(reader, POLLIN, 0), 0); // no writer yet: no POLLHUP either
  const writer = open(
    fifo.path,
    O_WRONLY | O_NONBLOCK,
  );
  assertEquals(pollFd(reader, POLLIN, 1), 0);
  assertEquals(pollFd(writer, POLLIN | POLLOUT, -1), POLLOUT);
  write(writer, new Uint8Array(1));
  assertEquals(pollFd(reader, POLLIN, -1), POLLIN);
  close(writer);
  const events = until(POLLIN, () => pollFd(reader, POLLIN, -1));
  assertEquals(events, POLLIN | POLLHUP);
  read(reader, new Uint8Array(1));
  assertEquals(pollFd(reader, POLLIN, -1), POLLHUP);
  const error = assertThrows(() => pollFd(999_999, POLLIN, 0), SystemError);
  assertEquals(error.code, "EBADF");
});

test("waitFd() wakes when another process writes", async () => {
  using fifo = makeFifo();
  const reader = fifo.open(O_RDWR);
  await using _peer = startPeer(
    `Deno.writeTextFileSync("${fifo.path}", "data");`,
  );
  await waitFd(reader, "readable", never);
  assertEquals(read(reader, new Uint8Array(8)), 4);
  await waitFd(reader, "writable", never);
});

test("waitFd() lets timers run, and throws the reason when aborted", async () => {
  using fifo = makeFifo();
  const reader = fifo.open(O_RDWR);
  const reason = new Error("enough");
  const controller = new AbortController();
  let ticks = 0;
  const timer = setInterval(() => ++ticks === 3 && controller.abort(reason), 1);
  const error = await assertRejects(
    async () => await waitFd(reader, "readable", controller.signal),
    Error,
  );
  assertEquals(error, reason);
  clearInterval(timer);
  await assertRejects(
    async () => await waitFd(reader, "writable", controller.signal),
    Error,
    "enough",
  );
});

test("waitFd() is over in time, however much of its slice is left", async () => {
  using fifo = makeFifo();
  const reader = fifo.open(O_RDONLY | O_NONBLOCK);
  for (let i = 0; i < 250; i++) await waitFd(reader, "readable", never, 0.1);
  assertEquals(pollFd(reader, POLLIN, 0), 0);
});

test("waitFd() lets Ctrl-C end the process", async () => {
  using fifo = makeFifo();
  await using peer = startPeer(`
    import { O_RDWR, open } from "${POSIX}file.ts";
    import { waitFd } from "${POSIX}poll.ts";
    const fd = open("${fifo.path}", O_RDWR);
    const controller = new AbortController();
    Deno.addSignalListener("SIGINT", () => controller.abort("heard"));
    console.log("ready");
    try {
      await waitFd(fd, "readable", controller.signal);
    } catch (error) {
      console.log(error);
    }
    Deno.exit();`);
  assertEquals(await peer.say(), "ready");
  Deno.kill(peer.pid, "SIGINT");
  assertEquals(await peer.say(), "heard");
});

test("MessageQueue gives the highest priority first, then the oldest", () => {
  const name = freshName();
  using queue = MessageQueue.open(name, { create: { capacity: 4, size: 16 } });
  assertEquals(MessageQueue.unlink(name), true);
  assertEquals(queue.receive(), undefined);
  assertEquals(queue.send(new Uint8Array([1]), 1), true);
  assertEquals(queue.send(new Uint8Array([2]), 5), true);
  assertEquals(queue.send(new Uint8Array([3]), 5), true);
  assertEquals(queue.send(new Uint8Array(0)), true);
  assertEquals(queue.send(new Uint8Array([5])), false);
  assertEquals(queue.attributes(), { capacity: 4, size: 16, messages: 4 });
  const all = Array.from({ length: 4 }, () => {
    const bytes = queue.receive();
    return [bytes && Array.from(bytes), queue.priority];
  });
  assertEquals(all, [[[2], 5], [[3], 5], [[1], 1], [[], 0]]);
  const error = assertThrows(() => queue.send(new Uint8Array(17)), SystemError);
  assertEquals(error.code, "EMSGSIZE");
});

test("MessageQueue carries messages between two processes", async () => {
  const name = freshName();
  using queue = MessageQueue.open(name, { create: { capacity: 2, size: 100 } });
  try {
    await using peer = startPeer(`
      import { MessageQueue } from "${POSIX}mqueue.ts";
      import { waitFd } from "${POSIX}poll.ts";
      const queue = MessageQueue.open("${name}", { access: "send" });
      const never = new AbortController().signal;
      for (let i = 0; i < 200;) {
        if (queue.send(new Uint8Array(100).fill(i), 7)) i++;
        else await waitFd(queue.fd, "writable", never);
      }
      console.log("sent");`);
    for (let i = 0; i < 200;) {
      const bytes = queue.receive();
      if (bytes === undefined) await waitFd(queue.fd, "readable", never);
      else assertEquals(bytes, new Uint8Array(100).fill(i++));
    }
    assertEquals(queue.priority, 7);
    assertEquals(await peer.say(), "sent");
  } finally {
    MessageQueue.unlink(name);
  }
});

test("MessageQueue.open() says why it fails, and names the limit", () => {
  const name = freshName();
  const code = (open: () => unknown) => assertThrows(open, SystemError).code;
  assertEquals(code(() => MessageQueue.open(name)), "ENOENT");
  assertEquals(MessageQueue.unlink(name), false);
  const large = { capacity: 70_000, size: 64 };
  const error = assertThrows(
    () => MessageQueue.open(name, { create: large }),
    SystemError,
  );
  assertEquals(error.code, "EINVAL");
  assertStringIncludes(error.message, "msg_max");
  assertStringIncludes(error.message, "msgsize_max");
  const slashless = assertThrows(() => MessageQueue.open("x"), SystemError);
  assertStringIncludes(slashless.message, "slash");
  const create = { capacity: 1, size: 8, exclusive: true };
  using _queue = MessageQueue.open(name, { create });
  try {
    assertEquals(code(() => MessageQueue.open(name, { create })), "EEXIST");
  } finally {
    MessageQueue.unlink(name);
  }
});

test("stat() tells which objects are ours alone", () => {
  const name = freshName();
  using queue = MessageQueue.open(name, { create: { capacity: 1, size: 8 } });
  MessageQueue.unlink(name);
  const { uid, mode, ours } = stat(queue.fd);
  assertEquals([uid, mode, ours], [Deno.uid(), 0o600, true]);
  const path = Deno.makeTempFileSync();
  try {
    Deno.chmodSync(path, 0o644);
    const fd = open(path, O_RDONLY);
    assertEquals(stat(fd).ours, false);
    close(fd);
  } finally {
    Deno.removeSync(path);
  }
  assertThrows(() => stat(-1), SystemError);
});

test("openShared() tells whether it has made the segment", () => {
  const name = freshName();
  using first = openShared(name, { create: true, bytes: 5000 });
  try {
    assertEquals([first.created, first.bytes], [true, 5000]);
    assertEquals(stat(first.fd).ours, true);
    using second = openShared(name, { create: true, bytes: 100 });
    assertEquals([second.created, second.bytes], [false, 5000]);
    const there = new Int32Array(second.memory);
    Atomics.store(new Int32Array(first.memory), 3, 42);
    assertEquals(Atomics.add(there, 3, 1), 42);
    second.close();
    second.close();
    assertEquals([there.length, there[3]], [0, undefined]); // no crash
    const again = { create: true, exclusive: true, bytes: 1 };
    const error = assertThrows(() => openShared(name, again), SystemError);
    assertEquals(error.code, "EEXIST");
    assertThrows(() => openShared(name, { create: true }), RangeError);
  } finally {
    assertEquals(unlinkShared(name), true);
  }
  assertEquals(unlinkShared(name), false);
  const error = assertThrows(() => openShared(name), SystemError);
  assertEquals(error.code, "ENOENT");
});

test("openShared() gives a size to a segment whose maker was killed", () => {
  const name = freshName();
  sh(`umask 077; : > /dev/shm${name}`);
  try {
    const error = assertThrows(() => openShared(name), SystemError);
    assertEquals(error.code, "EAGAIN");
    using segment = openShared(name, { create: true, bytes: 64 });
    assertEquals([segment.created, segment.bytes], [false, 64]);
  } finally {
    unlinkShared(name);
  }
});

test("openShared() refuses more bytes than there is memory, and leaves nothing", () => {
  const name = freshName();
  const bytes = 2 ** 50;
  const error = assertThrows(
    () => openShared(name, { create: true, bytes }),
    SystemError,
  );
  assertEquals(error.code, "ENOSPC");
  assertEquals(unlinkShared(name), false);
});

test("processParking wakes between two processes", async () => {
  const name = freshName();
  using segment = openShared(name, { create: true, bytes: 64 });
  const words = new Int32Array(segment.memory);
  try {
    await using peer = startPeer(`
      import { openShared } from "${POSIX}shm.ts";
      import { processParking } from "${POSIX}../shared_memory/process_parking.ts";
      const words = new Int32Array(openShared("${name}").memory);
      const never = new AbortController().signal;
      for (let i = 1; i <= 100; i++) {
        while (Atomics.load(words, 3) < i) {
          await processParking.wait(words, 3, i - 1, Infinity, never);
        }
        Atomics.store(words, 5, i);
        processParking.wake(words, 5);
      }
      console.log("done");`);
    for (let i = 1; i <= 100; i++) {
      Atomics.store(words, 3, i);
      processParking.wake(words, 3);
      while (Atomics.load(words, 5) < i) {
        await processParking.wait(words, 5, i - 1, Infinity, never);
      }
    }
    assertEquals(await peer.say(), "done");
  } finally {
    unlinkShared(name);
  }
});

test("processParking.wait() ends at once if the value is another, or it is aborted", async () => {
  const name = freshName();
  using segment = openShared(name, { create: true, bytes: 64 });
  unlinkShared(name);
  const words = new Int32Array(segment.memory);
  await processParking.wait(words, 0, 1, Infinity, never);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  await processParking.wait(words, 0, 0, Infinity, controller.signal);
  assert(controller.signal.aborted);
});

/** Through the shell, as Deno opens /dev and /proc only with --allow-all. */
function sh(command: string): string {
  const { stdout } = new Deno.Command("sh", { args: ["-c", command] })
    .outputSync();
  return new TextDecoder().decode(stdout);
}

test("isAlive() counts a zombie as dead", async () => {
  assertEquals(isAlive(Deno.pid), true);
  assertEquals(isAlive(1), true);
  assertThrows(() => isAlive(0), RangeError);
  const parent = new Deno.Command("sh", {
    args: ["-c", "sleep 600 & echo $!; exec sleep 600"],
    stdout: "piped",
  }).spawn();
  const reader = parent.stdout.getReader();
  const child = Number(new TextDecoder().decode((await reader.read()).value));
  const again = () => new Promise((wake) => setTimeout(wake, 1));
  // sh would wait for its child; the sleep(1) that it becomes will not.
  const comm = `cat /proc/${parent.pid}/comm`;
  while (sh(comm) !== "sleep\n") await again();
  assertEquals([isAlive(parent.pid), isAlive(child)], [true, true]);
  Deno.kill(child, "SIGKILL");
  while (isAlive(child)) await again();
  assertEquals(libc().kill(child, 0), 0);
  parent.kill("SIGKILL");
  await parent.status;
  await reader.cancel();
  assertEquals(isAlive(parent.pid), false);
});
