/**
 * Other processes: borrows their open files, adopts their orphans.
 *
 * @module
 */
import { close, ENOENT } from "./file.ts";
import { errno, libc, SystemError } from "./libc.ts";

const SYS_PIDFD_OPEN = 434n; // the same numbers on x86-64 and on ARM
const SYS_PIDFD_GETFD = 438n;

/**
 * A descriptor of our own for a file that another process has open: it is the
 * same open file, so no reader and no writer is added, pidfd_getfd(2).
 *
 * @returns A descriptor, or a negative error: `-EPERM`, `-ESRCH`, `-ENOSYS`.
 */
export function borrow(pid: number, fd: number): number {
  const process = libc().pidfd_open(SYS_PIDFD_OPEN, pid, 0);
  if (process < 0) return -(errno() || ENOENT);
  const copy = libc().pidfd_getfd(SYS_PIDFD_GETFD, process, fd, 0);
  const error = errno();
  close(process);
  return copy < 0 ? -(error || ENOENT) : copy;
}

const PR_SET_CHILD_SUBREAPER = 36;

/**
 * Makes this process the parent of each descendant whose own parent has ended,
 * prctl(2): a child cannot get out of sight by a double fork or setsid(2).
 *
 * @throws {SystemError} If the kernel refuses it.
 */
export function adoptOrphans(): void {
  if (libc().prctl(PR_SET_CHILD_SUBREAPER, 1n) < 0) {
    throw new SystemError("adopt orphans with prctl", errno());
  }
}

const WNOHANG = 1;
const status = new Int32Array(1);

/**
 * Takes note that an adopted process has ended, waitpid(2); else it would stay
 * a zombie. Never call it for a child that Deno has started.
 *
 * @returns Has it ended?
 */
export function reap(pid: number): boolean {
  return libc().waitpid(pid, status, WNOHANG) === pid;
}

const MQUEUE_MAGIC = 0x19800202n; // statfs(2)

/** Does a descriptor belong to a POSIX message queue? */
export function isMessageQueue(fd: number): boolean {
  const data = new BigInt64Array(32); // struct statfs begins with the type
  return libc().fstatfs(fd, data) === 0 && data[0] === MQUEUE_MAGIC;
}

const F_GETPIPE_SZ = 1032;

/** How many bytes a pipe can hold, fcntl(2); `undefined`: it is no pipe. */
export function pipeCapacity(fd: number): number | undefined {
  const size = libc().fcntl(fd, F_GETPIPE_SZ, 0);
  return size < 0 ? undefined : size;
}
