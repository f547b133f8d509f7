/**
 * What can be seen of running processes from outside, proc(5). Nothing here
 * opens an end of a channel or stops a process.
 *
 * @module
 */

/** One thread of a process. */
export interface ThreadSeen {
  /** The thread's number; the first thread has the process's Pid. */
  tid: number;
  /**
   * As in proc_pid_stat(5): R runs or is ready to run, S sleeps, D sleeps and
   * takes no signal, T is stopped.
   */
  state: string;
  /** The kernel function in which it sleeps, such as `hrtimer_nanosleep`. */
  wchan: string;
  /** Processor time so far, in ms, to the microsecond: `schedstat`. */
  cpuMs: number;
}

/** A process at one moment. */
export interface ProcessSeen {
  /** The process's number. */
  pid: number;
  /** The parent's Pid. */
  parent: number;
  /** The session's Pid, setsid(2). */
  session: number;
  /** The first 15 bytes of the program's name. */
  command: string;
  /** Clock ticks since boot: with the Pid it names one process for ever. */
  startTicks: number;
  /** The state of its first thread that has not ended, as in {@linkcode ThreadSeen}. */
  state: string;
  /** Processor time of all its threads so far, in ms, in steps of 10 ms. */
  cpuMs: number;
  /**
   * Bytes that it has read with read(2) so far, since fork(2): `rchar` of
   * proc_pid_io(5). `undefined`: the kernel does not say it, or not to us.
   */
  readBytes?: number;
  /** Its threads that have not ended; a process has at least one. */
  threads: ThreadSeen[];
  /** What it has open, or mapped. */
  objects: ObjectSeen[];
}

/**
 * The kinds of objects through which processes communicate; a regular file is
 * none of the lab's mechanisms.
 */
export type ObjectKind =
  | "file"
  | "pipe"
  | "FIFO"
  | "socket"
  | "message queue"
  | "shared memory"
  | "semaphore";

/** A kernel object that a process has open, or has mapped. */
export interface ObjectSeen {
  /** What it is. */
  kind: ObjectKind;
  /** The same text for the same object in every process: `pipe:[4711]`. */
  id: string;
  /** Its name, where it has one: `/home/me/run/lab.fifo`, `/dev/shm/psm_1`. */
  name?: string;
  /** Where a Unix socket without a connection is bound: it may listen there. */
  boundTo?: string;
  /** The descriptor; a mapping has none. */
  fd?: number;
  /** What the process can do with it. */
  access: "read" | "write" | "both";
}

/** How much lies in an object, as the kernel says. */
export interface Fill {
  /** What is counted. */
  unit: "bytes" | "messages";
  /** How much lies in it unread. */
  used: number;
  /** How much it can hold; for a socket the kernel does not say. */
  capacity?: number;
}
