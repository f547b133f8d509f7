/**
 * Ends that follow their channel's name. `deno task remove` may take a queue or a
 * segment away while it is open; the ends would then wait at an object that
 * nobody else can find.
 *
 * @module
 */
import {
  PENDING,
  type Receiver,
  type Sender,
  type Unread,
} from "../channel/mod.ts";
import { RateLimit } from "../wait/rate_limit.ts";

/** An end that knows whether its object still has a name. */
type Named<End> = End & Disposable & { readonly isThere: boolean };

/** Opens an end, and opens it again when its object has lost its name. */
class Following<End> implements Disposable {
  end: Named<End>;
  readonly #open: () => Named<End>;
  readonly #checks = new RateLimit(); // whether it is there: a system call

  constructor(open: () => Named<End>) {
    this.#open = open;
    this.end = open();
  }

  /** Opens it again where that is needed; looks about every 10 ms in a rush. */
  follow(): void {
    if (!this.#checks.due() || this.end.isThere) return;
    this.end[Symbol.dispose]();
    this.end = this.#open();
  }

  [Symbol.dispose](): void {
    this.end[Symbol.dispose]();
  }
}

/** A sender that puts its records where receivers can find them. */
export class FollowingSender extends Following<Sender> implements Sender {
  get limit(): number {
    return this.end.limit;
  }

  offer(record: Uint8Array, priority?: number): ReturnType<Sender["offer"]> {
    this.follow();
    return this.end.offer(record, priority);
  }

  writable(signal: AbortSignal): Promise<void> | undefined {
    return this.end.writable(signal);
  }
}

/** A receiver that waits where senders can find it. */
export class FollowingReceiver extends Following<Receiver> implements Receiver {
  poll(): ReturnType<Receiver["poll"]> {
    const found = this.end.poll();
    if (found === PENDING) this.follow();
    return found;
  }

  readable(signal: AbortSignal): Promise<void> | undefined {
    return this.end.readable(signal);
  }

  unread(): Unread {
    return this.end.unread?.() ?? { messages: 0 };
  }
}
