/**
 * Tells whether a process still runs, and ends this one with its parent.
 *
 * @module
 */
import { constants as os } from "node:os";
import { O_RDONLY, read } from "./file.ts";
import { cString, errno, libc, SystemError } from "./libc.ts";

const stat = new Uint8Array(512);

/**
 * Does a process run? A zombie, whose parent has not waited for it yet, counts
 * as dead, though kill(2) finds it; a process whose main thread alone has ended,
 * pthread_exit(3), is none. If the number belongs to a new process by
 * now, that counts as alive: they look the same. Takes about 20 microseconds.
 *
 * @param pid 1 or greater.
 */
export function isAlive(pid: number): boolean {
  if (!(Number.isInteger(pid) && pid > 0)) {
    throw new RangeError(
      `Cannot look for a process as 'pid' must be a positive integer: current value is ${pid}`,
    );
  }
  const { kill, open, close } = libc();
  // EPERM: it is another user's. Signal 0 only asks and is never sent.
  if (kill(pid, 0) < 0 && errno() !== os.errno.EPERM) return false;
  // Read by libc, as Deno would ask for a permission to read /proc.
  const fd = open(cString(`/proc/${pid}/stat`), O_RDONLY);
  if (fd < 0) return true; // no /proc to read: kill(2) decides
  const count = read(fd, stat);
  close(fd);
  if (count <= 0) return false; // ESRCH: it ended between our two calls
  // proc_pid_stat(5): PID (NAME) STATE; the name may have parentheses, too.
  const text = String.fromCharCode(...stat.subarray(0, count));
  const words = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, threads] = [words[0], Number(words[17])];
  // The state is that of the main thread, which counts as long as others run.
  return threads > 1 || (state !== "Z" && state !== "X");
}

const PR_SET_PDEATHSIG = 1;

/**
 * Makes this process end with its parent, even if kill -9 ends the parent:
 * prctl(2).
 *
 * @param parent Its process id, which it has told us: it may have ended by now.
 * @param signal How to end; only SIGKILL ends a process whose one thread sleeps
 * in the kernel.
 * @returns `false`: the parent has ended already, so no signal will come.
 */
export function dieWith(
  parent: number,
  signal: "SIGKILL" | "SIGTERM" = "SIGKILL",
): boolean {
  if (libc().prctl(PR_SET_PDEATHSIG, BigInt(os.signals[signal])) < 0) {
    throw new SystemError("follow the parent with prctl", errno());
  }
  return Deno.ppid === parent;
}
