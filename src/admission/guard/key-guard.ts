import { DurableObject } from "cloudflare:workers";
import { config } from "../../config.ts";
import { within, OBJECT_TIMEOUT_MS } from "../../core/concurrency.ts";
import { recordCuts } from "../../core/usage/key-metrics.ts";
import type { KeyRecord } from "../../core/key/key-record.ts";
import { readHash, sameHash } from "../../core/key/key-secret.ts";
import { windowAt } from "../../core/key/rate-window.ts";
import { deny, type DeniableToken } from "../../core/token/token-denials.ts";
import type { Env } from "../../env.ts";
import { MAX_GROUP_KEYS, type Answer, type KeyQuestion, type Question } from "../protocol.ts";
import {
  answer,
  commit,
  commitDenials,
  settle,
  startGuard,
  type Applied,
  type Change,
  type Commit,
  type GuardMemory,
  type StoredKey,
} from "../rules/guard.ts";
import { endLeases, timersToStart } from "../rules/given.ts";
import { GUARD_CALLS_PER_S, leaseLength, newLoad, noteCall } from "../rules/load.ts";
import { tombstoneOf, type GuardedKey } from "../rules/records.ts";
import { Reporters } from "../rules/report.ts";
import { requireQuestion, requireRecords } from "../wire.ts";
import { GuardStorage } from "./guard-storage.ts";
import type { OldUsage } from "./migrate-guard.ts";
import { UsageLedger } from "./usage-ledger.ts";

/** What the guard says of a change once it is in force everywhere. Times are milliseconds on the guard's clock. */
export interface Confirmation {
  /** What is in force; `null` when there is no such key. */
  readonly record: KeyRecord | null;
  /** Whether it says what was put, or that the key is revoked when it was cut. */
  readonly confirmed: boolean;
  /** No request that arrives later is decided otherwise. For a revoked key the moment of its first receipt. */
  readonly effectiveAt: number;
  /** The version that revoked the key; else the one in force. */
  readonly version: number;
}

/** What a guard has on record. */
interface GroupListing {
  readonly orgId: string | null;
  /** Whether the organisation was erased here. Missing in the answer of the version before. */
  readonly isErased?: boolean;
  readonly keys: readonly StoredKey[];
}

/** Which key is meant; what is given besides the id must fit. */
export interface KeyMatch {
  readonly keyId: string;
  readonly orgId?: string | undefined;
  /** SHA-256 of the whole key string, lower-case hex. */
  readonly hash?: string | undefined;
}

const NO_ROOM: Confirmation = { record: null, confirmed: false, effectiveAt: 0, version: 0 };

const limitOf = (record: KeyRecord) => record.rateLimit ?? config.rateLimit;

/**
 * The authority on a group of keys: their records, their revocations, their rate windows. It gives leases, and answers a
 * change once no lease from before it can be in use. A guard of earlier versions, which had one for each key, is a group
 * of one.
 */
export class KeyGuard extends DurableObject<Env> {
  readonly #store = new GuardStorage(this.ctx.storage, config.rateLimit);
  readonly #memory: GuardMemory = startGuard(this.#store);
  readonly #load = newLoad(Date.now());
  readonly #instance = crypto.randomUUID();
  readonly #reporters = new Reporters(this.#instance);
  readonly #usage = new UsageLedger(this.ctx.id.name ?? this.ctx.id.toString(), (report) =>
    within(OBJECT_TIMEOUT_MS, this.#organization().recordGroupUsage(report)),
  );

  /** Answers an isolate: a lease on the group, the changes since the revision it holds, and units of budgets. */
  ask(question: Question): Answer<GuardedKey> {
    requireQuestion(question);
    const now = Date.now();
    const bounds = { base: config.leaseMs, max: config.leaseMaxMs };
    noteCall(this.#load, now, GUARD_CALLS_PER_S, bounds);
    const leaseMs = leaseLength(bounds, this.#load, question.leaseWanted);
    const told = answer(this.#store, this.#memory, { question, leaseMs, limitOf }, now);
    this.#startTimers();
    if (told.revision === 0) return told;
    if (this.#reporters.isNew(question.report)) this.#count(question.keys);
    this.#usage.plan(question.final, now);
    return { ...told, instance: this.#instance };
  }

  /**
   * Commits versions of records of an organisation, then answers, in their order, once they are in force everywhere.
   * The same put may come again and puts may come in any order. `null` when the group is another organisation's, or its
   * organisation was erased. A new key for which the group has no room is not taken: there is no record of it then.
   */
  async put(orgId: string, records: readonly KeyRecord[]): Promise<Confirmation[] | null> {
    requireRecords(records);
    if (records.length > 0 && (!this.#store.claim(orgId) || this.#store.group().isErased)) return null;
    const taken = this.#withRoom(records);
    const confirmations = (
      await this.#change(taken.map((record) => ({ id: record.id, put: record })))
    ).values();
    return records.map((record) => (taken.includes(record) && confirmations.next().value) || NO_ROOM);
  }

  /** The records of keys that are here already, and of new ones as many as the group has room for. */
  #withRoom(records: readonly KeyRecord[]): KeyRecord[] {
    this.#store.group();
    const ids = new Set(this.#store.keys().keys());
    return records.filter(({ id }) => {
      if (ids.size < MAX_GROUP_KEYS) ids.add(id);
      return ids.has(id);
    });
  }

  /**
   * Revokes keys without their organisation; `null` for one that is not there. Repeating it gives the same receipt. The
   * records in it are tombstones.
   */
  async cut(matches: readonly KeyMatch[]): Promise<(Confirmation | null)[]> {
    const at = Date.now();
    const found = this.#findAll(matches).map((stored) => stored !== null);
    const changes = matches.filter((_, i) => found[i]).map(({ keyId }) => ({ id: keyId, cut: { at } }));
    const confirmations = (await this.#change(changes)).values();
    return found.map((isFound) => (isFound ? tombstoned(confirmations.next().value) : null));
  }

  /**
   * Erases an organisation's group: it takes no more keys, revokes every key, and once that is in force keeps tombstones
   * alone. The confirmations of all keys, the same each time; `null` when it is another organisation's.
   */
  async erase(orgId: string): Promise<Confirmation[] | null> {
    if (!this.#store.claim(orgId)) return null;
    this.#store.close();
    const at = Date.now();
    const ids = [...this.#store.keys().keys()];
    await this.#change(ids.map((id) => ({ id, cut: { at } })));
    this.#store.forgetDead();
    return this.#change(ids.map((id) => ({ id, cut: { at } })));
  }

  /** What is on record of keys; `null` for one that is not there. It gives no lease and takes no units. */
  look(matches: readonly KeyMatch[]): (StoredKey | null)[] {
    return this.#findAll(matches);
  }

  /** Everything on record of the group, to compare with the organisation's record. */
  list(): GroupListing {
    const { orgId, isErased = false } = this.#store.group();
    return { orgId, isErased, keys: [...this.#store.keys().values()] };
  }

  /** Revokes one access token of a key, as a change of the key; `null` when the organisation has no such key. */
  async revokeToken(
    match: KeyMatch,
    token: DeniableToken,
  ): Promise<(Confirmation & { readonly changed: boolean }) | null> {
    const [known] = this.#findAll([match]);
    if (!known) return null;
    const now = Date.now();
    const denials = deny(known.denials, token, now);
    const committed = commitDenials(this.#store, this.#memory, { id: match.keyId, denials }, now);
    const [confirmation] = await this.#confirm(committed);
    return confirmation === undefined ? null : { ...confirmation, changed: denials !== known.denials };
  }

  /** Counts a token that is to be issued from the key; the milliseconds to wait first, when it has had its share. */
  takeTokenIssue(keyId: string): number {
    const now = Date.now();
    const limit = { requests: config.tokensPerMinute, windowSeconds: 60 };
    const window = windowAt(this.#store.tokenWindow(keyId), limit, now);
    if (window.used >= limit.requests) return window.endsAt - now;
    this.#store.putTokenWindow(keyId, { ...window, used: window.used + 1 });
    return 0;
  }

  /** Delivers what was counted to the organisation. */
  async deliverUsage(): Promise<void> {
    if (this.#store.group().revision === 0) return;
    await this.#deliverOldUsage();
    await this.#usage.deliver();
  }

  /** Only guards of schema 1 have set an alarm: counts of theirs are still to be delivered. */
  override alarm(): Promise<void> {
    return this.#deliverOldUsage();
  }

  async #deliverOldUsage(): Promise<void> {
    const { kv } = this.ctx.storage;
    const old = kv.get<OldUsage>("oldUsage");
    if (old === undefined) return;
    for (const batch of old.batches) {
      await within(OBJECT_TIMEOUT_MS, this.#organization().recordUsage(old.keyId, batch));
    }
    kv.delete("oldUsage");
  }

  #organization() {
    return this.env.ORGANIZATION.getByName(this.#store.group().orgId ?? "");
  }

  #count(keys: readonly KeyQuestion[]): void {
    for (const { id, usage } of keys) {
      if (usage !== null && this.#store.keys().has(id)) this.#usage.add(id, usage);
    }
  }

  /** Leases end by timers: see `rules/given.ts`. */
  #startTimers(): void {
    const { given } = this.#memory;
    for (const leaseMs of timersToStart(given)) {
      setTimeout(() => {
        endLeases(given, leaseMs);
        this.#startTimers();
      }, leaseMs);
    }
  }

  #change(changes: readonly Change[]): Promise<Confirmation[]> {
    this.#startTimers();
    return this.#confirm(commit(this.#store, this.#memory, changes, Date.now()));
  }

  /** Waits until what was committed is in force everywhere. The timer runs its whole length, whatever the clock does. */
  async #confirm({ applied, waitMs, settles }: Commit): Promise<Confirmation[]> {
    if (waitMs > 0) await scheduler.wait(waitMs);
    settle(this.#memory, settles);
    recordCuts(this.env.METRICS, recordsOf(applied), { waitMs, leaseMs: config.leaseMaxMs });
    const now = Date.now();
    return applied.map((one) => this.#confirmation(one, now));
  }

  #confirmation({ id, inForce, same }: Applied, now: number): Confirmation {
    const stored = this.#store.keys().get(id);
    // A later change may have revoked the key meanwhile: that one is not in force yet.
    if (
      stored === undefined ||
      stored.revocation === null ||
      inForce === null ||
      inForce.revokedAt === null
    ) {
      return { record: inForce, confirmed: same, effectiveAt: now, version: inForce?.version ?? 0 };
    }
    const effectiveAt = stored.revocation.effectiveAt ?? now;
    if (stored.revocation.effectiveAt === null) {
      this.#store.putKey(id, { ...stored, revocation: { ...stored.revocation, effectiveAt } });
    }
    return { record: stored.record, confirmed: same, effectiveAt, version: stored.revocation.version };
  }

  /** Reads the group's row, so that an instance that another has superseded does not answer. */
  #findAll(matches: readonly KeyMatch[]): (StoredKey | null)[] {
    this.#store.group();
    const keys = this.#store.keys();
    return matches.map((match) => {
      const stored = keys.get(match.keyId);
      return stored !== undefined && isMeant(match, stored) ? stored : null;
    });
  }
}

function isMeant({ orgId, hash }: KeyMatch, { record }: StoredKey): boolean {
  if (orgId !== undefined && record.orgId !== orgId) return false;
  return hash === undefined || sameHash(readHash(hash), readHash(record.hash));
}

function tombstoned(confirmation: Confirmation | undefined): Confirmation | null {
  if (confirmation === undefined) return null;
  const { record, ...rest } = confirmation;
  return { ...rest, record: record && tombstoneOf(record) };
}

function recordsOf(applied: readonly Applied[]): KeyRecord[] {
  return applied.map((one) => one.inForce).filter((record) => record !== null);
}
