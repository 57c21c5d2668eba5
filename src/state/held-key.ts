import { addCalls } from "../core/calls.ts";
import { isolateLeaseEnd, unitsToAsk, type Ask, type Grant } from "../core/lease.ts";
import type { RateHeaders, WindowState } from "../core/rate-window.ts";
import type { Usage, UsageCounts } from "../core/usage.ts";
import { compileKey, type CompiledKey } from "./compiled-key.ts";

/** How long a background call may be under way before another request takes it for lost (its isolate's request died). */
const BACKGROUND_CALL_MS = 2000;

/**
 * What one isolate holds of one key: the record, the lease on it, units of the rate limit and counts that wait to be
 * reported. No I/O and no clock: `now` is milliseconds since the epoch, passed in.
 */
export class HeldKey {
  readonly id: string;
  /** `null` when no such key exists; `undefined` while nothing is known. Vouched for only while {@link vouched}. */
  key: CompiledKey | null | undefined;
  /** When the latest report of counts was planned. */
  reportPlannedAt = 0;

  /** The revision that the guard has vouched for to this isolate; 0 for none, as for a copy out of the cache. */
  #revision = 0;
  readonly #slackMs: number;
  #leaseMs = 0;
  #askedAt = 0;
  #leaseEnd = 0;
  #window: WindowState | null = null;
  /** When the window resets at the earliest and at the latest, on this isolate's clock. */
  #windowEnd = 0;
  #windowEndLatest = 0;
  #units = 0;
  /** Units that must not be used any more; they go back with the next call. */
  #surplus = 0;
  #lowWater = 0;
  #spent = 0;
  #backgroundSince = 0;
  #counts: { -readonly [K in keyof UsageCounts]: number } = { admitted: 0, limited: 0, refused: 0 };
  /** Calls that were let through, by their names; `null` for none. */
  #calls: Map<string, number> | null = null;
  #lastUsedAt = 0;
  #lastUsedIp = "";

  constructor(id: string, slackMs: number) {
    this.id = id;
    this.#slackMs = slackMs;
  }

  /** Takes a copy out of the cache, which is good for a first guess and vouches for nothing. */
  guess(key: CompiledKey): void {
    this.key ??= key;
  }

  /** Whether a decision may rest on the record now. A clock that jumped back ends the lease. */
  vouched(now: number): boolean {
    return now < this.#leaseEnd && now >= this.#askedAt;
  }

  /** Takes a unit of the lease, if it holds and has one. */
  take(now: number): boolean {
    if (this.#units === 0 || !this.vouched(now) || now >= this.#windowEnd) return false;
    this.#units--;
    this.#spent++;
    return true;
  }

  /** Counts a request that the guard admitted itself: it belongs to the rate that the next question follows. */
  noteSpent(): void {
    this.#spent++;
  }

  /** Puts a unit back that was taken for a request that was then refused. */
  giveBack(): void {
    this.#units++;
    this.#counts.admitted--;
    this.#counts.refused++;
  }

  /** Takes the count of a rate-limited request back, which is then counted as what it was. */
  uncountLimited(): void {
    this.#counts.limited--;
  }

  /** Whether the guard has said, within this lease, that the window is used up. */
  exhausted(now: number): boolean {
    return this.#units === 0 && this.#window?.remaining === 0 && this.vouched(now) && now < this.#windowEnd;
  }

  count(outcome: keyof UsageCounts, now: number, address: string): void {
    this.#counts[outcome]++;
    this.#lastUsedAt = now;
    this.#lastUsedIp = address;
  }

  /** Counts a call that was let through, by its name. */
  countCall(name: string, now: number, address: string): void {
    addCalls((this.#calls ??= new Map()), name, 1);
    this.#lastUsedAt = now;
    this.#lastUsedIp = address;
  }

  /** Whether there are calls that have not been reported. */
  get hasCalls(): boolean {
    return this.#calls !== null;
  }

  /** Whether there are counts that no call has reported. */
  get unreported(): boolean {
    return this.#counts.admitted !== 0 || this.#counts.limited !== 0 || this.#counts.refused !== 0;
  }

  /** Whether the guard is owed anything: counts, or units that nobody has used. */
  get owing(): boolean {
    return this.unreported || this.#units + this.#surplus > 0;
  }

  /** Whether the lease is worth renewing in the background: in steady use, and half over or low on units. */
  worthRenewing(now: number): boolean {
    if (this.#spent < 2 || this.busy(now)) return false;
    return this.#units < this.#lowWater || now - this.#askedAt > (this.#leaseEnd - this.#askedAt) / 2;
  }

  busy(now: number): boolean {
    return now < this.#backgroundSince + BACKGROUND_CALL_MS;
  }

  setBusy(since: number): void {
    this.#backgroundSince = since;
  }

  /** Whether a lease holds, or the guard was asked within the last `recentMs`. */
  inUse(now: number, recentMs: number): boolean {
    return this.vouched(now) || now - this.#askedAt < recentMs;
  }

  /** The next question to the guard. What it reports and returns is no longer held here. */
  ask(now: number, request: Ask["request"]): Ask {
    if (!this.vouched(now)) this.#setAside();
    const expected = unitsToAsk(this.#spent, now - this.#askedAt, this.#leaseMs);
    const ask: Ask = {
      have: this.#revision,
      want: Math.max(request === null ? 0 : 1, expected - this.#units),
      returned:
        this.#surplus > 0 && this.#window !== null
          ? { startedAt: this.#window.startedAt, units: this.#surplus }
          : null,
      request,
      usage: this.#takeUsage(),
    };
    this.#surplus = 0;
    return ask;
  }

  /** Takes counts back that did not reach the guard. */
  restore(usage: Usage | null): void {
    if (usage === null) return;
    this.#counts.admitted += usage.admitted;
    this.#counts.limited += usage.limited;
    this.#counts.refused += usage.refused;
    this.#lastUsedAt ||= usage.lastUsedAt;
    this.#lastUsedIp ||= usage.lastUsedIp;
    for (const [name, calls] of usage.calls ?? []) addCalls((this.#calls ??= new Map()), name, calls);
  }

  /**
   * Takes in the guard's answer to a question of `askedAt`. `false` when it is older than what is held: then it
   * vouches for nothing.
   */
  receive(grant: Grant, askedAt: number, now: number): boolean {
    if (grant.revision < this.#revision) return false;
    if (grant.revision !== this.#revision || this.key === undefined) {
      if (grant.record === null && grant.revision !== 0) return false;
      this.#setAside();
      this.key = grant.record === null ? null : compileKey(grant.record, grant.denials);
      this.#revision = grant.revision;
    } else if (this.#revision === 0) this.key = null;
    if (askedAt >= this.#askedAt) {
      this.#askedAt = askedAt;
      this.#leaseMs = grant.leaseMs;
      this.#spent = 0;
    }
    this.#leaseEnd = Math.max(this.#leaseEnd, isolateLeaseEnd(askedAt, grant.leaseMs, this.#slackMs));
    this.#receiveWindow(grant, askedAt, now);
    return true;
  }

  /** What to tell a client of the window; before the guard was asked there is nothing to tell. */
  rate(): (RateHeaders & { readonly retryAt: number }) | null {
    if (this.#window === null) return null;
    return {
      limit: this.#window.limit,
      windowSeconds: this.#window.windowSeconds,
      remaining: this.#window.remaining + this.#units,
      resetAt: this.#window.resetAt,
      retryAt: this.#windowEndLatest,
    };
  }

  #receiveWindow(grant: Grant, askedAt: number, now: number): void {
    const { window, units } = grant;
    if (window === null || (this.#window !== null && window.startedAt < this.#window.startedAt)) return;
    if (window.startedAt !== this.#window?.startedAt) {
      this.#units = 0;
      this.#surplus = 0;
    }
    this.#window = window;
    this.#windowEnd = askedAt + window.resetInMs;
    this.#windowEndLatest = now + window.resetInMs;
    this.#units += units;
    this.#lowWater = Math.floor(this.#units / 4);
  }

  #setAside(): void {
    this.#surplus += this.#units;
    this.#units = 0;
  }

  #takeUsage(): Usage | null {
    if (!this.unreported && !this.hasCalls) return null;
    const usage = {
      ...this.#counts,
      lastUsedAt: this.#lastUsedAt,
      lastUsedIp: this.#lastUsedIp,
      ...(this.#calls && { calls: this.#calls }),
    };
    this.#counts = { admitted: 0, limited: 0, refused: 0 };
    this.#calls = null;
    return usage;
  }
}
