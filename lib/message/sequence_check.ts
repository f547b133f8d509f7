import type { Header } from "./message.ts";

/** Senders, and priorities of each, that are watched: who floods us with names shall not fill the memory. */
const MOST = 1000;

/** Up to where one sender's messages have come. */
interface Count {
  last: number;
  /** Has one had a priority? Then it may have come before its turn. */
  overtakes: boolean;
  /** Per priority: among themselves they keep their order. */
  lastOf: Map<number, number>;
}

/**
 * Watches the sequence numbers of every sender: each message one more than the
 * one before, or one was lost, or came twice. A 1 begins a new count: a producer
 * of the same name that starts again.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const check = new SequenceCheck();
 * const header = { type: "data", from: "a", to: "b", priority: 0 };
 * assertEquals(check.look({ ...header, seq: 1 }), undefined);
 * assertEquals(
 *   check.look({ ...header, seq: 4 }),
 *   "Seq 4 from a comes after 1: 2 are missing",
 * );
 * ```
 */
export class SequenceCheck {
  #counts = new Map<string, Count>();

  /** What is wrong with a message's number, in words that name both numbers. */
  look({ from, seq, priority }: Header): string | undefined {
    let count = this.#counts.get(from);
    const again = seq === 1 && (count?.lastOf.get(priority) ?? 0) > 1;
    if (!count || again) {
      count = { last: 0, overtakes: false, lastOf: new Map() };
      remember(this.#counts, from, count);
    }
    const { last } = count;
    const lastOfSame = count.lastOf.get(priority) ?? 0;
    count.last = seq;
    remember(count.lastOf, priority, seq);
    count.overtakes ||= priority > 0;
    if (seq <= lastOfSame) {
      return `Seq ${seq} from ${from} comes after ${lastOfSame}: a repeat`;
    }
    // Where one may overtake another, the order says nothing of a gap.
    if (count.overtakes || seq === last + 1) return undefined;
    const missing = seq - last - 1;
    const words = missing === 1 ? "1 is missing" : `${missing} are missing`;
    return `Seq ${seq} from ${from} comes after ${last}: ${words}`;
  }
}

/** Adds to a map, which forgets the oldest where it is full. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value) {
  map.set(key, value);
  if (map.size <= MOST) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}
