import { LRUCache } from "lru-cache";
import { refuse, type Refusal } from "../core/refusal.ts";
import { retryAfterSeconds } from "../core/rate-window.ts";

/** The period of the rate-limiting binding in `wrangler.toml`. */
const PERIOD_MS = 60_000;
const MAX_BLOCKED_ADDRESSES = 10_000;

/** Turns away client addresses that keep failing, before anything is looked up for them. */
export class FailureLimiter {
  readonly #binding: RateLimit;
  /** Address → the moment until which it is turned away. */
  readonly #blocked = new LRUCache<string, number>({ max: MAX_BLOCKED_ADDRESSES });

  constructor(binding: RateLimit) {
    this.#binding = binding;
  }

  /** The refusal for an address that has failed too often, else `null`. */
  blocked(address: string, now: number): Refusal | null {
    if (this.#blocked.size === 0) return null;
    const until = this.#blocked.get(address);
    if (until === undefined) return null;
    if (now >= until) {
      this.#blocked.delete(address);
      return null;
    }
    return refuse("too_many_failures", { retryAfter: retryAfterSeconds(until - now) });
  }

  /** Counts a failure; the refusal when it was one too many. A limiter that does not answer limits nothing. */
  async count(address: string, now: number): Promise<Refusal | null> {
    const blocked = this.blocked(address, now);
    if (blocked !== null) return blocked;
    const { success } = await this.#binding.limit({ key: address }).catch(() => ({ success: true }));
    if (success) return null;
    this.#blocked.set(address, now - (now % PERIOD_MS) + PERIOD_MS);
    return this.blocked(address, now);
  }
}
