/**
 * Explains why a message queue cannot be opened, and what to change.
 *
 * @module
 */
import { constants as os } from "node:os";
import { O_RDONLY, read } from "./file.ts";
import { cString, libc } from "./libc.ts";

const { EEXIST, EINVAL, EMFILE, ENOSPC } = os.errno;

/** How large a queue may get; mq_overview(7), "/proc interfaces". */
const LIMITS = "/proc/sys/fs/mqueue";

/**
 * What to do after mq_open(3) has failed.
 *
 * @param error A number of errno(3).
 * @param wish The queue that was to be made.
 */
export function openHint(
  error: number,
  name: string,
  wish?: { capacity: number; size: number },
): string | undefined {
  if (!/^\/[^/]{1,254}$/.test(name)) {
    return "the name must be a slash and 1 to 254 other characters";
  }
  if (error === EEXIST) return "choose another name, or remove it";
  if (error === ENOSPC) {
    return `there are ${limit("queues_max")} queues already (queues_max)`;
  }
  if (!wish) return undefined;
  const { capacity, size } = wish;
  if (error === EMFILE) {
    return `messages: ${capacity}, bytes of each: ${size}, more than is left of ` +
      "what one user's queues may hold in all (RLIMIT_MSGQUEUE, ulimit -q)";
  }
  if (error !== EINVAL) return undefined;
  return `a queue may hold ${limit("msg_max")} messages (msg_max) of ` +
    `${
      limit("msgsize_max")
    } bytes (msgsize_max): ${capacity} of ${size} were asked for`;
}

/** One of the {@linkcode LIMITS}; read by libc, as Deno would ask first. */
function limit(name: string): string {
  const path = `${LIMITS}/${name}`;
  const fd = libc().open(cString(path), O_RDONLY);
  if (fd < 0) return `as many as ${path} says`;
  const buffer = new Uint8Array(32);
  const count = Math.max(0, read(fd, buffer));
  libc().close(fd);
  return new TextDecoder().decode(buffer.subarray(0, count)).trim();
}
