import { LRUCache } from "lru-cache";
import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";
import { sameHash } from "../core/key-secret.ts";
import { standingRefusal } from "../core/key-standing.ts";
import type { Ask, ExpectedCall, Grant } from "../core/lease.ts";
import type { KeyGuard } from "./key-guard.ts";
import { HeldKey } from "./held-key.ts";
import type { KeyRecordCache } from "./key-record-cache.ts";

/** Keys that an isolate remembers; beyond that the least recently used is forgotten, which only costs a call. */
const MAX_HELD_KEYS = 20_000;
/** How often a question is put again whose answer was older than what another request had learnt meanwhile. */
const MAX_ASKS = 3;
/** A key that has gone quiet reports its last counts, and returns units it did not use, after this long. */
const REPORT_AFTER_MS = 300;
/** One that has only calls to tell of does so after this long: most often its next question takes them along. */
const REPORT_CALLS_AFTER_MS = 2000;

/**
 * The outcome of asking for admission. `lease`: by a unit of a lease; `guard`: the guard was asked, has admitted the
 * request itself and counted its call.
 */
export type Admission = "lease" | "guard" | "limited" | "unavailable";

/** The part of an execution context that keeps background work alive. */
export interface Background {
  waitUntil(promise: Promise<unknown>): void;
}

/** The leases of one isolate, and the calls to the guards that give them. */
export class Leases {
  readonly #guards: DurableObjectNamespace<KeyGuard>;
  readonly #cache: KeyRecordCache;
  readonly #slackMs: number;
  readonly #held = new LRUCache<string, HeldKey>({ max: MAX_HELD_KEYS });

  constructor(guards: DurableObjectNamespace<KeyGuard>, cache: KeyRecordCache, slackMs: number) {
    this.#guards = guards;
    this.#cache = cache;
    this.#slackMs = slackMs;
  }

  /** What this isolate remembers of a key. */
  peek(keyId: string): HeldKey | undefined {
    return this.#held.get(keyId);
  }

  /** What is known of a key, at first sight out of the cache. It may not be vouched for. */
  async find(keyId: string): Promise<HeldKey> {
    const known = this.#held.get(keyId);
    if (known !== undefined) return known;
    const cached = await this.#cache.get(keyId);
    const held = this.#held.get(keyId) ?? new HeldKey(keyId, this.#slackMs);
    if (cached !== null) held.guess(cached);
    this.#held.set(keyId, held);
    return held;
  }

  /** Whether this isolate remembers the key of this SHA-256 as live, and allowed from the address. Nothing is asked. */
  knowsGood(keyId: string, hash: Uint8Array, address: string, now: number): boolean {
    const key = this.#held.get(keyId)?.key;
    if (!key || !sameHash(hash, key.hash)) return false;
    return standingRefusal(key.record, now) === null && key.allowsAddress(address);
  }

  /** Has the guard vouch for the record. `false` when the guard cannot be asked. */
  async describe(held: HeldKey): Promise<boolean> {
    return this.#call(held, (guard, ask) => guard.describe(ask), null).then((grant) => grant !== null);
  }

  /**
   * Takes one unit of the key's budget for a request from `address`, which is going to be `call()` if nothing changes.
   * `held.key` may be another version afterwards: then the record has to be checked again, and the unit given back if
   * it refuses.
   */
  admit(
    held: HeldKey,
    address: string,
    call: () => ExpectedCall | null,
    background: Background,
  ): Admission | Promise<Admission> {
    const now = Date.now();
    if (held.take(now)) {
      this.#count(held, "admitted", now, address, background);
      if (held.worthRenewing(now)) background.waitUntil(this.#renew(held, now));
      return "lease";
    }
    if (held.exhausted(now)) {
      this.#count(held, "limited", now, address, background);
      return "limited";
    }
    return this.#askForUnit(held, { at: now, address, call: call() }, background);
  }

  /** Counts a request that was refused for the key's status or the client's address. */
  countRefused(held: HeldKey, address: string, background: Background): void {
    this.#count(held, "refused", Date.now(), address, background);
  }

  /** Counts a request as refused that {@link admit} has counted as limited: the record that it brought refuses it. */
  recountRefused(held: HeldKey, address: string, background: Background): void {
    held.uncountLimited();
    this.countRefused(held, address, background);
  }

  /** Counts a call that was let through, by its name. */
  countCall(held: HeldKey, name: string, now: number, address: string, background: Background): void {
    held.countCall(name, now, address);
    this.#planReport(held, now, background);
  }

  async #askForUnit(
    held: HeldKey,
    request: NonNullable<Ask["request"]>,
    background: Background,
  ): Promise<Admission> {
    const grant = await this.#call(held, (guard, ask) => guard.grant(ask), request);
    if (grant === null) return "unavailable";
    if (grant.units > 0) {
      held.noteSpent();
      if (grant.units > 1) this.#planReport(held, Date.now(), background);
      return "guard";
    }
    // Another request of this isolate may have brought units meanwhile.
    const now = Date.now();
    if (!held.take(now)) return "limited";
    this.#count(held, "admitted", now, request.address, background);
    return "lease";
  }

  /** Asks the guard and takes in its answer; the first unit of it belongs to `request`. `null`: cannot be asked. */
  async #call(
    held: HeldKey,
    rpc: (guard: DurableObjectStub<KeyGuard>, ask: Ask) => Promise<Grant>,
    request: Ask["request"],
  ): Promise<Grant | null> {
    const guard = this.#guards.getByName(held.id);
    for (let asks = 0; asks < MAX_ASKS; asks++) {
      const askedAt = Date.now();
      const ask = held.ask(askedAt, request);
      try {
        const grant = await within(OBJECT_TIMEOUT_MS, rpc(guard, ask));
        const forOthers = request !== null && grant.units > 0 ? { ...grant, units: grant.units - 1 } : grant;
        if (held.receive(forOthers, askedAt, Date.now())) return grant;
      } catch {
        held.restore(ask.usage);
        return null;
      }
    }
    return null;
  }

  async #renew(held: HeldKey, now: number): Promise<void> {
    held.setBusy(now);
    await this.#call(held, (guard, ask) => guard.grant(ask), null);
    held.setBusy(0);
  }

  #count(
    held: HeldKey,
    outcome: "admitted" | "limited" | "refused",
    now: number,
    address: string,
    background: Background,
  ): void {
    held.count(outcome, now, address);
    this.#planReport(held, now, background);
  }

  #planReport(held: HeldKey, now: number, background: Background): void {
    if (now - held.reportPlannedAt < REPORT_AFTER_MS) return;
    held.reportPlannedAt = now;
    background.waitUntil(this.#reportWhenQuiet(held, now));
  }

  /** Reports the counts of a key that went quiet, and returns its units; one in use does so with its next call. */
  async #reportWhenQuiet(held: HeldKey, plannedAt: number): Promise<void> {
    const due = (): boolean => (held.owing || held.hasCalls) && held.reportPlannedAt === plannedAt;
    do {
      await scheduler.wait(REPORT_AFTER_MS);
    } while (due() && held.inUse(Date.now(), held.owing ? REPORT_AFTER_MS : REPORT_CALLS_AFTER_MS));
    if (due()) await this.describe(held);
  }
}
