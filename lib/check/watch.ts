/**
 * Watches the processes of a program from outside while it runs.
 *
 * @module
 */
import {
  childrenOf,
  descendantsOf,
  fillOf,
  type ObjectSeen,
  type ProcessSeen,
  processSeen,
} from "../observe/mod.ts";
import { readText } from "../posix/folder.ts";
import { reap } from "../posix/others.ts";
import type { Trace, Use } from "./evidence.ts";

/** wchan: the thread waits in the kernel for something to read. */
const READS = /read|recv|skb|sk_wait/;
/** wchan: it waits in epoll_wait(2). */
const POLLS = /epoll|ep_poll/;

/** Every process that the program starts, and the objects that they have open. */
export class Watch {
  readonly processes = new Map<number, Trace>();
  readonly objects = new Map<string, Use>();
  /** Our children from before: they belong to somebody else. */
  readonly #others = new Set(childrenOf(Deno.pid));
  /** Those that Deno has started, and waits for itself. */
  readonly #started = new Set<number>();

  /** Names a program that was started. */
  started(pid: number): void {
    this.#started.add(pid);
  }

  /** The Pids of all that run now. */
  running(): number[] {
    // An orphan becomes our child, so nothing escapes: adoptOrphans(). What ends
    // while we look leaves its own children to us: then we look again.
    for (;;) {
      const found = descendantsOf(Deno.pid, this.#others);
      const running = found.filter((pid) => {
        const orphan = !this.#started.has(pid) && childrenOf(pid).length === 0;
        return !(orphan && reap(pid));
      });
      if (running.length === found.length) return running;
    }
  }

  /** Looks at all of them. @param at ms since the start. */
  look(at: number): void {
    const seen = this.running().flatMap((pid) => processSeen(pid) ?? []);
    for (const process of seen) this.#note(process, at);
    this.#noteQueues();
    for (const process of seen) {
      for (const object of process.objects) this.#noteUse(process.pid, object);
      this.#noteWaits(process);
    }
  }

  #note(seen: ProcessSeen, at: number) {
    const { pid, command, cpuMs, readBytes, threads, objects } = seen;
    const trace = this.processes.get(pid) ?? {
      pid,
      command,
      firstSeen: at,
      lastSeen: at,
      threads: 0,
      tids: [],
      wchans: new Map<string, number>(),
      looks: [],
    };
    this.processes.set(pid, trace);
    trace.command = command;
    trace.lastSeen = at;
    trace.readBytes = readBytes;
    for (const { tid } of threads) {
      if (!trace.tids.includes(tid)) trace.tids.push(tid);
    }
    trace.threads = Math.max(trace.threads, threads.length);
    // It runs, or would if a processor were free.
    const running = threads.some(({ state }) => state === "R");
    trace.looks.push({ at, cpuMs, running, readBytes });
    for (const { wchan } of threads) {
      trace.wchans.set(wchan, (trace.wchans.get(wchan) ?? 0) + 1);
    }
    for (const object of objects) {
      this.#use(object, pid, {
        reads: object.access !== "write",
        writes: object.access !== "read",
      });
    }
  }

  #use(
    object: ObjectSeen,
    pid: number,
    { reads, writes }: { reads: boolean; writes: boolean },
  ): Use {
    const use = this.objects.get(object.id) ??
      { object, users: new Map(), used: false };
    this.objects.set(object.id, use);
    // A socket gets its name after it was made, and loses it with its peer.
    use.object = { ...use.object, ...object };
    const user = use.users.get(pid);
    use.users.set(pid, {
      reads: reads || user?.reads === true,
      writes: writes || user?.writes === true,
    });
    return use;
  }

  /** Does something lie in it? Asked only if it can join two processes. */
  #noteUse(pid: number, object: ObjectSeen) {
    const use = this.objects.get(object.id);
    if (use === undefined || use.used || use.users.size < 2) return;
    use.used = (fillOf(pid, object)?.used ?? 0) > 0;
  }

  /** A process that waits in read(2) uses what it reads: proc_pid_syscall(5). */
  #noteWaits({ pid, threads, objects }: ProcessSeen) {
    for (const { tid, wchan } of threads) {
      const polls = POLLS.test(wchan);
      if (!polls && !READS.test(wchan)) continue;
      const call = readText(`/proc/${pid}/task/${tid}/syscall`) ?? "";
      const fd = Number(call.split(" ")[1]);
      const fds = polls ? polledBy(pid, fd) : [fd];
      for (const object of objects) {
        const use = this.objects.get(object.id);
        if (use && fds.includes(object.fd ?? -1)) use.used = true;
      }
    }
  }

  /** System V queues: the kernel names who sent and who received last. */
  #noteQueues() {
    const [, ...rows] = (readText("/proc/sysvipc/msg") ?? "").split("\n");
    for (const row of rows) {
      const [, id, , , , sender, receiver] = row.trim().split(/ +/).map(Number);
      for (
        const [pid, writes] of [[sender, true], [receiver, false]] as const
      ) {
        if (!this.processes.has(pid)) continue;
        const object: ObjectSeen = {
          kind: "message queue",
          id: `System V queue ${id}`,
          access: "both",
        };
        this.#use(object, pid, { reads: !writes, writes }).used = true;
      }
    }
  }
}

/** What an epoll(7) descriptor waits for: proc_pid_fdinfo(5). */
function polledBy(pid: number, fd: number): number[] {
  const info = readText(`/proc/${pid}/fdinfo/${fd}`) ?? "";
  return [...info.matchAll(/^tfd:\s*(\d+)/gm)].map(([, tfd]) => Number(tfd));
}
