/**
 * Says in words what a process does, from what proc(5) shows of it.
 *
 * @module
 */
import { PIPE_BUF } from "../message/message.ts";
import type { ChannelSeen } from "./channel.ts";
import type { ThreadSeen } from "./seen.ts";

/** The kernel function in which a thread sleeps, and the call that led there. */
const CALLS: readonly (readonly [RegExp, string])[] = [
  [/^wait_for_partner|^fifo_open/, "in open(2): waits for the other end"],
  [/^(anon_)?pipe_read/, "in read(2): the pipe is empty"],
  [/^(anon_)?pipe_write/, "in write(2): the pipe is full"],
  [/^poll_schedule_timeout|^do_poll|^do_sys_poll/, "asleep in poll(2)"],
  [/^futex/, "asleep in futex(2)"],
  [/^(do_epoll_wait|ep_poll)/, "asleep until its timer rings: epoll_wait(2)"],
  [/nanosleep/, "asleep in nanosleep(2)"],
  [/^wq_sleep/, "in mq_receive(3) or mq_send(3): it waits"],
  [/^unix_stream_(read|data_wait)/, "in recv(2): the socket is empty"],
  [/^sock_alloc_send|^sock_wait/, "in send(2): the socket is full"],
  [/^inet_csk_accept|accept/, "in accept(2): waits for a connection"],
  [/^do_wait/, "in wait(2): waits for a child"],
  [/^do_sem|semtimedop/, "in semop(2): waits for the semaphore"],
  [/^fcntl_setlk|^posix_lock|^flock/, "waits for a lock of the file"],
  [/^n_tty_read|^wait_woken/, "waits for the keyboard, or for a socket"],
];

/**
 * What a process does: `asleep in poll(2): the queue is empty`.
 *
 * @param state Of the process, as in proc_pid_stat(5).
 * @param busy Which part of a processor it used lately, 0 to 1.
 */
export function whyWaiting(
  { pid, state, threads }: {
    pid: number;
    state: string;
    threads: readonly ThreadSeen[];
  },
  channel?: ChannelSeen,
  busy = 0,
): string {
  if (state === "T" || state === "t") return "stopped: SIGCONT continues it";
  if (state === "Z") return "ended: its parent has not asked how";
  // Deno opens a FIFO on another thread, so look at all of them.
  const opens = threads.find(({ wchan }) => /^wait_for_partner/.test(wchan));
  if (opens) return CALLS[0][1];
  if (busy > 0.8) return "running: it spins";
  const main = threads.find(({ tid }) => tid === pid);
  if (state === "R" || main?.state === "R") return "running";
  if (state === "D") return "asleep: takes no signal";
  const wchan = main?.wchan ?? "";
  const found = CALLS.find(([pattern]) => pattern.test(wchan))?.[1];
  if (found === undefined) {
    return wchan === "" ? "asleep" : `asleep in ${wchan}`;
  }
  const polls = found === "asleep in poll(2)" || found === "asleep in futex(2)";
  return polls ? found + because(pid, channel) : found;
}

/** Why it waits for this channel, if that can be seen. */
function because(pid: number, channel?: ChannelSeen): string {
  const ends = channel?.ends.filter((end) => end.pid === pid) ?? [];
  if (!channel || channel.used === undefined || ends.length === 0) return "";
  const noun = NOUNS[channel.kind];
  if (channel.used === 0) {
    return ends.some(({ access }) => access !== "write")
      ? `: the ${noun} is empty`
      : "";
  }
  // A pipe takes no more as soon as less than PIPE_BUF is free: pipe(7).
  const room = channel.unit === "bytes" ? PIPE_BUF : 1;
  const full = channel.used > (channel.capacity ?? Infinity) - room;
  return full ? `: the ${noun} is full` : "";
}

const NOUNS: Record<ChannelSeen["kind"], string> = {
  file: "file",
  pipe: "pipe",
  FIFO: "pipe",
  socket: "socket",
  "message queue": "queue",
  "shared memory": "ring",
  semaphore: "semaphore",
};
