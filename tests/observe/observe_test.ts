// Real processes and real objects, looked at from outside.
import { assert, assertEquals } from "@std/assert";
import {
  childrenOf,
  descendantsOf,
  fillOf,
  type ObjectSeen,
  objectsOf,
  processSeen,
} from "../../lib/observe/mod.ts";
import { hasPython, Running } from "../scripts.ts";

/** Runs a program until `use` has seen what it wants to see. */
async function beside(
  code: string,
  use: (pid: number) => Promise<void> | void,
): Promise<void> {
  await using program = new Running("python3", ["-u", "-c", code]);
  const line = await program.saw("ready");
  await use(Number(line.split(" ")[1]));
}

const READY = `
print("ready", os.getpid(), file=sys.stderr, flush=True)
time.sleep(60)
`;

/** An object is looked up by its kind; there must be one. */
function only(objects: ObjectSeen[], kind: ObjectSeen["kind"]): ObjectSeen[] {
  const found = objects.filter((object) => object.kind === kind);
  assert(found.length > 0, `no ${kind} in ${JSON.stringify(objects)}`);
  return found;
}

const ignore = !hasPython();

Deno.test({
  name: "objectsOf() and fillOf() see pipe, FIFO, sockets, queue and memory",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const queue = `/test-${crypto.randomUUID().slice(0, 8)}`;
    const code = `
import ctypes, mmap, os, socket, sys, time
os.mkfifo("${folder}/x"); fifo = os.open("${folder}/x", os.O_RDWR)
os.write(fifo, b"12")
r, w = os.pipe(); os.write(w, b"123")
a, b = socket.socketpair(); a.send(b"1234")
server = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(server.getsockname()); d, _ = server.accept()
memory = mmap.mmap(-1, 100)
libc = ctypes.CDLL(None, use_errno=True)
q = libc.mq_open(b"${queue}", os.O_RDWR | os.O_CREAT, 0o600, None)
libc.mq_send(q, b"x", 1, 0)
libc.mq_unlink(b"${queue}")
${READY}`;
    try {
      await beside(code, (pid) => {
        const objects = objectsOf(pid);
        const [fifo] = only(objects, "FIFO");
        assertEquals([fifo.name, fifo.access], [`${folder}/x`, "both"]);
        assertEquals(fillOf(pid, fifo), {
          unit: "bytes",
          used: 2,
          capacity: 65536,
        });
        const pipes = only(objects, "pipe");
        const reading = pipes.find(({ id, access }) =>
          access === "read" && pipes.filter((pipe) => pipe.id === id).length > 1
        );
        assert(reading);
        assertEquals(fillOf(pid, reading)?.used, 3);
        const sockets = only(objects, "socket");
        const connected = sockets.filter(({ id }) => id.includes("-"));
        assertEquals(new Set(connected.map(({ id }) => id)).size, 2);
        const filled = connected.map((end) => fillOf(pid, end)?.used);
        assertEquals(filled.sort(), [0, 0, 0, 4]);
        const [messages] = only(objects, "message queue");
        assertEquals(fillOf(pid, messages), {
          unit: "messages",
          used: 1,
          capacity: 10,
        });
        only(objects, "shared memory");
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "objectsOf() gives a connection that waits for its server no other's name",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const code = `
import os, socket, sys, time
def server(path):
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); return s
def client(path):
    s = socket.socket(socket.AF_UNIX); s.connect(path); return s
a = server("${folder}/a"); b = server("${folder}/b")
ends = [client("${folder}/a"), client("${folder}/b")]
${READY}`;
    try {
      await beside(code, (pid) => {
        const sockets = only(objectsOf(pid), "socket");
        const names = sockets.map(({ name, boundTo }) => name ?? boundTo ?? "");
        const bound = [`${folder}/a`, `${folder}/b`];
        assertEquals(names.sort(), ["", "", ...bound]);
        assertEquals(new Set(sockets.map(({ id }) => id)).size, 4);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "processSeen() tells a sleeping thread from a spinning one",
  ignore,
  async fn() {
    const code = `
import os, sys, threading, time
def spin():
    while True: pass
threading.Thread(target=spin, daemon=True).start()
${READY}`;
    await beside(code, async (pid) => {
      let [sleeping, spinning] = [0, 0];
      for (let i = 0; i < 400 && !(sleeping && spinning > 20); i++) {
        const { threads = [], command } = processSeen(pid) ?? {};
        assert(command?.startsWith("python"), command);
        sleeping ||= threads.filter(({ wchan }) => /sleep/.test(wchan)).length;
        spinning = Math.max(...threads.map(({ cpuMs }) => cpuMs), 0);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert(sleeping > 0 && spinning > 20, `${sleeping}, ${spinning} ms`);
    });
  },
});

Deno.test({
  name:
    "descendantsOf() finds grandchildren, and processSeen() none that ended",
  ignore,
  async fn() {
    let gone = 0;
    const code = `
import os, subprocess, sys, time
subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True,
  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) # pipes of ours
${READY}`;
    const started: number[] = [];
    try {
      await beside(code, async (pid) => {
        gone = pid;
        for (let i = 0; i < 400 && started.length < 2; i++) {
          started.splice(0, Infinity, ...descendantsOf(pid));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        assertEquals(started.length, 2);
        assertEquals(childrenOf(pid), [started[0]]);
        const [shell, sleep] = started.map(processSeen);
        assertEquals([shell?.parent, shell?.session], [pid, started[0]]);
        assertEquals([sleep?.command, sleep?.parent], ["sleep", started[0]]);
      });
      assertEquals(processSeen(gone), undefined);
      assertEquals(descendantsOf(gone), []);
    } finally {
      for (const pid of started) {
        if (processSeen(pid)) Deno.kill(pid, "SIGKILL");
      }
    }
  },
});
