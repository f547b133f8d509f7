/**
 * Is a process still there, and what if one's parent is not?
 *
 * @module
 */
import { constants as os } from "node:os";
import { O_RDONLY, read } from "./file.ts";
import { cString, errno, libc, SystemError } from "./libc.ts";

const stat = new Uint8Array(512);

/**
 * Does a process run? One that has died counts as dead even before its parent
 * has taken notice (a zombie), which kill(2) alone would call alive. A number
 * that was given to another process since counts as alive: nothing tells.
 * Takes about 20 microseconds.
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
  // EPERM: it is there, but not ours. Signal 0 is never sent.
  if (kill(pid, 0) < 0 && errno() !== os.errno.EPERM) return false;
  // Through the C library, for Deno would ask for permission to read /proc.
  const fd = open(cString(`/proc/${pid}/stat`), O_RDONLY);
  if (fd < 0) return true; // nothing to read there: then kill(2) has the word
  const count = read(fd, stat);
  close(fd);
  if (count <= 0) return false; // ESRCH: it ended between our two calls
  // proc_pid_stat(5): PID (NAME) STATE; the name may hold a parenthesis, too.
  const text = String.fromCharCode(...stat.subarray(0, count));
  const state = text.charAt(text.lastIndexOf(")") + 2);
  return state !== "Z" && state !== "X";
}

const PR_SET_PDEATHSIG = 1;

/**
 * Makes this process end with its parent, prctl(2), even when that is ended by
 * kill -9.
 *
 * @param parent Its process id, from itself: by now it may have ended.
 * @param signal How we are to end; only SIGKILL ends a process that sleeps in
 * the kernel on its one thread.
 */
export function dieWith(
  parent: number,
  signal: "SIGKILL" | "SIGTERM" = "SIGKILL",
): void {
  if (libc().prctl(PR_SET_PDEATHSIG, BigInt(os.signals[signal])) < 0) {
    throw new SystemError("follow the parent with prctl", errno());
  }
  if (Deno.ppid !== parent) Deno.exit(1);
}
