/**
 * Ends that follow their channel's name. `deno task remove` may remove the name
 * of a queue or a segment while it is open. Its ends would then wait at an
 * object that no other process can find.
 *
 * @module
 */
import {
  END,
  isRefusal,
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
  readonly #checks = new RateLimit(); // of the name: each takes a system call

  constructor(open: () => Named<End>) {
    this.#open = open;
    this.end = open();
  }

  /** Opens the end again if its name was removed; checks every 10 ms or so. */
  follow(): void {
    if (!this.#checks.due() || this.end.isThere) return;
    const next = this.#open(); // if that fails, ours can still be closed
    this.end[Symbol.dispose]();
    this.end = next;
  }

  /** After a real wait the next look is a check: it may be the first for long. */
  protected afterWait(wait?: Promise<void>): Promise<void> | undefined {
    return wait?.then(() => this.#checks.reset());
  }

  [Symbol.dispose](): void {
    this.end[Symbol.dispose]();
  }
}

/** A sender at the object that has the channel's name now. */
export class FollowingSender extends Following<Sender> implements Sender {
  get limit(): number {
    return this.end.limit;
  }

  offer(record: Uint8Array, priority?: number): ReturnType<Sender["offer"]> {
    this.follow();
    return this.end.offer(record, priority);
  }

  writable(signal: AbortSignal): Promise<void> | undefined {
    return this.afterWait(this.end.writable(signal));
  }
}

/** A receiver at the object that has the channel's name now. */
export class FollowingReceiver extends Following<Receiver> implements Receiver {
  poll(): ReturnType<Receiver["poll"]> {
    const found = this.end.poll();
    // At the end, too: the next sender comes to the object that has the name.
    if (isRefusal(found) || found === END) this.follow();
    return found;
  }

  readable(signal: AbortSignal): Promise<void> | undefined {
    return this.afterWait(this.end.readable(signal));
  }

  unread(): Unread {
    return this.end.unread?.() ?? { messages: 0 };
  }
}
