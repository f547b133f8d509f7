/**
 * Looks at processes and their channels again and again, and tells what has
 * changed.
 *
 * @module
 */
import { channelsBetween, type ChannelSeen } from "./channel.ts";
import { objectsOf } from "./objects.ts";
import { stateSeen } from "./processes.ts";
import type { ProcessState, SeenEntry } from "./recording.ts";
import type { ObjectSeen } from "./seen.ts";
import { whyWaiting } from "./why.ts";

/** How often (ms) to look: that and the page's server cost under 2 %. */
const LOOK_MS = 200;
/** How often (ms) to list what each process has open: that takes longest. */
const LIST_MS = 2000;
/** How soon (ms) after its start a process is listed more often. */
const YOUNG_MS = 2000;

interface Watched {
  objects: ObjectSeen[];
  listedAt: number;
  since: number;
  cpu?: { ms: number; at: number };
}

/** Watches processes. */
export class Watcher implements Disposable {
  readonly #watched = new Map<number, Watched>();
  readonly #isWanted?: (object: ObjectSeen) => boolean;
  readonly #tell: (entry: SeenEntry) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #last = "";

  /**
   * @param tell Takes what was seen, if it differs from the last time.
   * @param isWanted Which objects to tell of; none: all that join processes.
   */
  constructor(
    tell: (entry: SeenEntry) => void,
    isWanted?: (object: ObjectSeen) => boolean,
  ) {
    this.#isWanted = isWanted;
    this.#tell = tell;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** From now on, also watches this process. */
  add(pid: number): void {
    const now = performance.now();
    this.#watched.set(pid, { objects: [], listedAt: -Infinity, since: now });
  }

  /** No longer watches it. */
  remove(pid: number): void {
    this.#watched.delete(pid);
  }

  /** Forgets what was told: the next look tells all. */
  repeat(): void {
    this.#last = "";
  }

  /** Looks now. */
  look(): void {
    if (this.#watched.size === 0) return;
    const states = [...this.#watched].flatMap(([pid, watched]) => {
      const seen = stateSeen(pid);
      if (!seen) return [];
      // A main thread that has ended shows nothing, where others still run.
      this.#list(seen.threads[0].tid, watched);
      return [{ ...seen, ...this.#cpuOf(seen.threads, watched) }];
    });
    const channels = channelsBetween(
      states.map(({ pid }) => ({
        pid,
        objects: this.#watched.get(pid)?.objects ?? [],
      })),
      this.#isWanted,
    );
    const processes = states.map((seen): ProcessState => ({
      pid: seen.pid,
      state: seen.state,
      wchan: seen.threads[0].wchan,
      cpuMs: Math.round(seen.cpuMs),
      busy: seen.busy,
      why: whyWaiting(seen, channelOf(seen.pid, channels), seen.busy),
    }));
    // Processor time alone is no change: it grows with every look.
    const text = JSON.stringify([
      processes.map(({ cpuMs: _, ...rest }) => rest),
      channels,
    ]);
    if (text === this.#last) return;
    this.#last = text;
    const time = new Date().toISOString();
    this.#tell({ time, event: "seen", processes, channels });
  }

  #list(tid: number, watched: Watched) {
    const now = performance.now();
    const often = now - watched.since < YOUNG_MS ? LOOK_MS : LIST_MS;
    if (now - watched.listedAt < often) return;
    watched.listedAt = now;
    watched.objects = objectsOf(tid);
  }

  /** Processor time, and the part of a processor since the last look. */
  #cpuOf(threads: readonly { cpuMs: number }[], watched: Watched) {
    const ms = threads.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    const at = performance.now();
    const before = watched.cpu;
    watched.cpu = { ms, at };
    const part = before ? (ms - before.ms) / (at - before.at) : 0;
    // In steps of a tenth, so that not every look differs.
    return { cpuMs: ms, busy: Math.max(0, Math.round(10 * part) / 10) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** The channel that a process waits for, if it has one open. */
function channelOf(
  pid: number,
  channels: readonly ChannelSeen[],
): ChannelSeen | undefined {
  return channels.find(({ ends }) => ends.some((end) => end.pid === pid));
}
