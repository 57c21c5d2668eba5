import { BoundedCache } from "../core/bounded-cache.ts";
import { isFailedAttempt, subscriberOf } from "../core/http/failed-attempt.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import { retryAfterSeconds } from "../core/key/rate-window.ts";

/** The period of the rate-limiting binding in `wrangler.toml`. */
const PERIOD_MS = 60_000;
const MAX_BLOCKED_ADDRESSES = 10_000;

/** Turns away client addresses that keep failing, before anything is looked up for them. */
export class FailureLimiter {
  readonly #binding: RateLimit;
  /** Address, or for IPv6 its /64 → the moment until which it is turned away. */
  readonly #blocked = new BoundedCache<number>(MAX_BLOCKED_ADDRESSES);

  constructor(binding: RateLimit) {
    this.#binding = binding;
  }

  /** The refusal for an address that has failed too often, else `null`. */
  blocked(address: string, now: number): Refusal | null {
    if (this.#blocked.size === 0) return null;
    return this.#blockedSubscriber(subscriberOf(address), now);
  }

  #blockedSubscriber(subscriber: string, now: number): Refusal | null {
    const until = this.#blocked.get(subscriber);
    if (until === undefined) return null;
    if (now >= until) {
      this.#blocked.delete(subscriber);
      return null;
    }
    return refuse("too_many_failures", { retryAfter: retryAfterSeconds(until - now) });
  }

  /** Counts a failure; the refusal when it was one too many. A limiter that does not answer limits nothing. */
  async count(address: string, now: number): Promise<Refusal | null> {
    const subscriber = subscriberOf(address);
    const blocked = this.#blockedSubscriber(subscriber, now);
    if (blocked !== null) return blocked;
    const { success } = await this.#binding.limit({ key: subscriber }).catch(() => ({ success: true }));
    if (success) return null;
    this.#blocked.set(subscriber, now - (now % PERIOD_MS) + PERIOD_MS);
    return this.#blockedSubscriber(subscriber, now);
  }

  /** What a refused caller is answered: the refusal, or 429 when it was one failed attempt too many. */
  async answerTo(refusal: Refusal, address: string, now: number): Promise<Refusal> {
    return isFailedAttempt(refusal) ? ((await this.count(address, now)) ?? refusal) : refusal;
  }
}
