import { DurableObject } from "cloudflare:workers";
import { config } from "../config.ts";
import type { Env } from "../env.ts";
import { keyStatus, type KeyRecord, type RateLimit } from "../core/key-record.ts";
import { readHash, sameHash } from "../core/key-secret.ts";
import { guardLeaseEnd, type Ask, type Grant } from "../core/lease.ts";
import { reserveAhead, unitsToGrant, windowAt, windowState, type RateWindow } from "../core/rate-window.ts";
import { deny, NO_DENIALS, type DeniableToken, type TokenDenials } from "../core/token-denials.ts";
import type { Usage } from "../core/usage.ts";
import { UsageLedger } from "./usage-ledger.ts";

/** A change that is in force: no request that arrives after `effectiveAt` is decided from an older version. */
export interface Applied {
  /** The version in force; later than the one that was put when a newer one had come first. */
  readonly version: number;
  readonly revokedAt: number | null;
  /** Milliseconds since the epoch, on the guard's clock. */
  readonly effectiveAt: number;
}

/** Which key is meant when its id alone will not do: what is given must fit. */
export interface KeyMatch {
  readonly orgId?: string | undefined;
  /** SHA-256 of the whole key string, lower-case hex. */
  readonly hash?: string | undefined;
}

/** How a key was revoked, as every receipt of it tells. */
interface Revocation {
  readonly version: number;
  /** `null` until it has come into force everywhere. */
  readonly effectiveAt: number | null;
}

/**
 * The authority on one key: its record, its version, its rate window. It hands out leases and knows the latest moment
 * at which one can still be in use; a change is committed first and answered once that moment has passed.
 *
 * An id that was never created leaves nothing in storage: everything but {@link put} only reads until a record exists.
 */
export class KeyGuard extends DurableObject<Env> {
  readonly #kv = this.ctx.storage.kv;
  readonly #usage = new UsageLedger(this.ctx.storage);
  /** The latest moment at which a lease on any version can still be in use. */
  #leaseEnd: number;
  /** The latest moment at which a lease on a version before the current one can still be in use. */
  #quietAt: number;
  /** The longest lease that was ever handed out, as storage has it; 0 when none was. */
  #longestLease: number;
  #window: RateWindow | null;
  /** How much of the window storage has as used; never less than what was handed out. */
  #reserved: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // A predecessor may have given a lease just before it died: assume that it did, of the longest length.
    this.#longestLease = this.#kv.get<number>("longestLease") ?? 0;
    this.#leaseEnd = Date.now() + this.#longestLease;
    this.#quietAt = this.#leaseEnd;
    this.#window = this.#kv.get<RateWindow>("window") ?? null;
    this.#reserved = this.#window?.used ?? 0;
  }

  /** Vouches for the record and hands out units of the rate limit, if the key is active and has any left. */
  grant(ask: Ask): Grant {
    const now = Date.now();
    const record = this.#record();
    if (record === undefined) {
      return {
        revision: 0,
        record: null,
        denials: NO_DENIALS,
        leaseMs: config.leaseMs,
        units: 0,
        window: null,
      };
    }
    const limit = record.rateLimit ?? config.rateLimit;
    this.#takeBack(ask.returned);
    const active = keyStatus(record, now) === "active";
    const units = active ? this.#handOut(ask.want, limit, now) : 0;
    if (ask.usage !== null) this.#usage.add(ask.usage, now);
    const revision = this.#revision();
    const known = ask.have === revision;
    if (ask.request !== null) this.#usage.add(usageOf(ask.request, record.version, units > 0), now);
    this.#promise(now);
    return {
      revision,
      record: known ? null : record,
      denials: known ? NO_DENIALS : this.#denials(),
      leaseMs: config.leaseMs,
      units,
      window: windowState(windowAt(this.#window, limit, now), limit, now),
    };
  }

  /** Vouches for the record without handing out units. */
  describe(ask: Omit<Ask, "want" | "request">): Grant {
    return this.grant({ ...ask, want: 0, request: null });
  }

  /**
   * Commits a version of the record, then answers once no older version can still let a request through. Versions
   * only grow and revoked is final, so the same put may come again and puts may come in any order.
   */
  async put(record: KeyRecord): Promise<Applied> {
    const current = this.#record();
    if (current === undefined || record.version > current.version) {
      this.#commit({ ...record, revokedAt: current?.revokedAt ?? record.revokedAt });
    }
    return this.#whenQuiet();
  }

  /**
   * Revokes the key without its organisation, for emergencies; `null` when no such key exists. The organisation's
   * later versions keep it revoked. Repeating it gives the receipt of the first time.
   */
  async cut(match: KeyMatch = {}): Promise<(Applied & { readonly orgId: string }) | null> {
    const current = this.#match(match);
    if (current === null) return null;
    if (current.revokedAt === null) {
      this.#commit({ ...current, version: current.version + 1, revokedAt: Date.now() });
    }
    const { version: currentVersion, ...applied } = await this.#whenQuiet();
    return { ...applied, version: this.#revocation()?.version ?? currentVersion, orgId: current.orgId };
  }

  /** What {@link cut} would meet: whether there is such a key, and the revocation that it has already. */
  inspect(match: KeyMatch): (Revocation & { readonly revokedAt: number | null }) | null {
    const record = this.#match(match);
    if (record === null) return null;
    const { version, effectiveAt } = this.#revocation() ?? { version: record.version, effectiveAt: null };
    return { revokedAt: record.revokedAt, version, effectiveAt };
  }

  /**
   * Revokes one access token of the key, as a change of the key; tells whether it was live until then. `null` when the
   * organisation has no such key.
   */
  async revokeToken(
    orgId: string,
    token: DeniableToken,
  ): Promise<(Applied & { readonly changed: boolean }) | null> {
    if (this.#match({ orgId }) === null) return null;
    const known = this.#denials();
    const denials = deny(known, token, Date.now());
    if (denials !== known) {
      this.#kv.put("denials", denials);
      this.#advance(this.#revision() + 1);
    }
    return { ...(await this.#whenQuiet()), changed: denials !== known };
  }

  /** Counts a token that is to be issued from the key; the milliseconds to wait first, when it has had its share. */
  takeTokenIssue(): number {
    const now = Date.now();
    const limit = { requests: config.tokensPerMinute, windowSeconds: 60 };
    const window = windowAt(this.#kv.get<RateWindow>("tokenWindow") ?? null, limit, now);
    if (window.used >= limit.requests) return window.endsAt - now;
    this.#kv.put<RateWindow>("tokenWindow", { ...window, used: window.used + 1 });
    return 0;
  }

  override alarm(): Promise<void> {
    return this.deliverUsage();
  }

  /** Delivers what was counted to the organisation. */
  async deliverUsage(): Promise<void> {
    const record = this.#record();
    if (record === undefined) return;
    const organization = this.env.ORGANIZATION.getByName(record.orgId);
    await this.#usage.deliver((batch) => organization.recordUsage(record.id, batch));
  }

  /** From storage at every use: an instance that another has superseded must not answer from memory. */
  #record(): KeyRecord | undefined {
    return this.#kv.get<KeyRecord>("record");
  }

  #match({ orgId, hash }: KeyMatch): KeyRecord | null {
    const record = this.#record();
    if (record === undefined || (orgId !== undefined && record.orgId !== orgId)) return null;
    return hash === undefined || sameHash(readHash(hash), readHash(record.hash)) ? record : null;
  }

  #revocation(): Revocation | undefined {
    return this.#kv.get<Revocation>("revocation");
  }

  #commit(record: KeyRecord): void {
    if (record.revokedAt !== null && this.#revocation() === undefined) {
      this.#kv.put<Revocation>("revocation", { version: record.version, effectiveAt: null });
    }
    const revision = Math.max(this.#revision() + 1, record.version);
    this.#kv.put("record", record);
    this.#advance(revision);
  }

  #advance(revision: number): void {
    this.#kv.put("revision", revision);
    this.#quietAt = this.#leaseEnd;
  }

  /** Before revisions were counted they were the versions of the record. */
  #revision(): number {
    return this.#kv.get<number>("revision") ?? this.#record()?.version ?? 0;
  }

  #denials(): TokenDenials {
    return this.#kv.get<TokenDenials>("denials") ?? NO_DENIALS;
  }

  async #whenQuiet(): Promise<Applied> {
    const quietAt = this.#quietAt;
    for (let rest = quietAt - Date.now(); rest > 0; rest = quietAt - Date.now()) await scheduler.wait(rest);
    // Other changes may have been committed meanwhile; what is told is what storage holds.
    const record = this.#record() as KeyRecord;
    const { version, revokedAt } = record;
    const now = Date.now();
    return { version, revokedAt, effectiveAt: this.#revocationEffectiveAt(now) ?? now };
  }

  /** When the revocation came into force, noted as soon as it has; `null` while leases from before it may be in use. */
  #revocationEffectiveAt(now: number): number | null {
    const revocation = this.#revocation();
    if (revocation === undefined || revocation.effectiveAt !== null) return revocation?.effectiveAt ?? null;
    if (now < this.#quietAt) return null;
    this.#kv.put<Revocation>("revocation", { ...revocation, effectiveAt: now });
    return now;
  }

  /** Notes that a lease is given now; its length is on record before the answer leaves. */
  #promise(now: number): void {
    if (config.leaseMs > this.#longestLease) this.#recordLongestLease();
    // A shorter setting may replace a longer one once no lease of the longer kind can be in use.
    else if (config.leaseMs < this.#longestLease && now >= this.#leaseEnd) this.#recordLongestLease();
    this.#leaseEnd = guardLeaseEnd(this.#leaseEnd, now, config.leaseMs);
  }

  #recordLongestLease(): void {
    this.#longestLease = config.leaseMs;
    this.#kv.put("longestLease", config.leaseMs);
  }

  #takeBack(returned: Ask["returned"]): void {
    if (returned === null || returned.startedAt !== this.#window?.startedAt) return;
    this.#window = { ...this.#window, used: Math.max(0, this.#window.used - returned.units) };
  }

  #handOut(want: number, limit: RateLimit, now: number): number {
    const window = windowAt(this.#window, limit, now);
    const units = unitsToGrant(want, window, limit);
    if (units === 0) return 0;
    const used = window.used + units;
    if (window !== this.#window || used > this.#reserved) {
      this.#reserved = reserveAhead(used, limit);
      this.#kv.put<RateWindow>("window", { ...window, used: this.#reserved });
    }
    this.#window = { ...window, used };
    return units;
  }
}

/** By another version of the record it may be another call; then the isolate counts it, which has both. */
function usageOf(request: NonNullable<Ask["request"]>, version: number, admitted: boolean): Usage {
  const { call } = request;
  return {
    admitted: admitted ? 1 : 0,
    limited: admitted ? 0 : 1,
    refused: 0,
    lastUsedAt: request.at,
    lastUsedIp: request.address,
    ...(admitted && call?.version === version && { calls: new Map([[call.name, 1]]) }),
  };
}
