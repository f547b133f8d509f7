import type { Header } from "./message.ts";

/** How many senders, and priorities of each, are kept, to bound the memory. */
const MOST_KEPT = 1000;

/** How far the messages of one sender have come. */
interface Count {
  last: number;
  /** Has a message had a priority? Then it may have overtaken others. */
  overtakes: boolean;
  /** The last number of each priority: messages of one priority keep order. */
  lastOf: Map<number, number>;
}

/**
 * Checks the sequence numbers of every sender. Each is one more than the one
 * before; if not, a message was lost, or came twice. A second 1 begins a new
 * count: a producer of the same name has started again.
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

  /** What is wrong with the number of a message; `undefined`: nothing. */
  look({ from, seq, priority }: Header): string | undefined {
    let count = this.#counts.get(from);
    const again = seq === 1 && count?.lastOf.has(priority);
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
    // If messages may overtake others, a gap does not mean a loss.
    if (count.overtakes || seq === last + 1) return undefined;
    const missing = seq - last - 1;
    const words = missing === 1 ? "1 is missing" : `${missing} are missing`;
    return `Seq ${seq} from ${from} comes after ${last}: ${words}`;
  }
}

/** Adds to a map; a full map forgets its oldest entry. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value) {
  map.set(key, value);
  if (map.size <= MOST_KEPT) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}
