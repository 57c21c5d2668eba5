import type { StoredKey } from "../../admission/rules/guard.ts";
import type { KeyGuard } from "../../admission/guard/key-guard.ts";
import { MAX_GROUP_KEYS } from "../../admission/protocol.ts";
import { OBJECT_TIMEOUT_MS, chunksOf, eachOf, within } from "../../core/concurrency.ts";
import { differingFields } from "../../core/key/key-differences.ts";
import { type KeyRecord, readKeyRecord } from "../../core/key/key-record.ts";
import type { Difference } from "../../core/key/reconciliation.ts";
import { type DeniableToken, NO_DENIALS, isDenied } from "../../core/token/token-denials.ts";
import type { Env } from "../../env.ts";
import { CUT_TIMEOUT_MS } from "../cut-timeout.ts";
import type { AuditEntry, AuditLog, Author } from "./audit/audit-log.ts";
import type { Outbox } from "./outbox.ts";
import type { KeyTable } from "./keys/key-table.ts";
import type { LeakTable } from "./keys/leak-table.ts";
import type { Keys } from "./keys/keys.ts";
import type { Propagation } from "./propagation.ts";
import type { Settlement } from "./settlement.ts";
import { type Known, differenceOf, differencesOf, isSameKey } from "./reconciled-key.ts";

/** Guards of one key that are asked together, so that KV is asked once for all of them. */
const OWN_GUARDS_A_BATCH = 16;

const CONCURRENT_BATCHES = 8;

const CONCURRENT_TOKENS = 32;

const REASON = "Reconciled";

interface Parts {
  readonly table: KeyTable;
  readonly outbox: Outbox;
  readonly keys: Keys;
  readonly leaks: LeakTable;
  readonly audit: AuditLog;
  readonly propagation: Propagation;
  readonly settlement: Settlement;
}

type Listing = Awaited<ReturnType<DurableObjectStub<KeyGuard>["list"]>>;

/** What is known of the keys at a guard. */
interface Seen {
  readonly guard: string;
  /** The keys that the organisation has there. */
  readonly keyIds: readonly string[];
  /** `null`: the guard could not be asked. */
  readonly listed: Listing | null;
  readonly stored: ReadonlyMap<string, StoredKey>;
  /** The organisation's records as they were before the guard was asked. */
  readonly before: ReadonlyMap<string, KeyRecord>;
  /** What KV has; `null` when it does not answer. */
  readonly copies: ReadonlyMap<string, unknown> | null;
}

/**
 * Compares the organisation's record of its keys with their guards and KV, and settles differences on the side of less
 * access: to be run after an older copy of a database was restored.
 */
export class Reconciliation {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, env: Env, parts: Parts) {
    this.#storage = storage;
    this.#env = env;
    this.#parts = parts;
  }

  /** The differences at some guards; with `fix` they are settled as far as that is possible, and the guards registered anew. */
  async run(author: Author, orgId: string, guards: readonly string[], fix: boolean): Promise<Difference[]> {
    const ids = this.#parts.table.places.idsAt(guards);
    const differences: Difference[] = [];
    if (fix) this.#parts.outbox.listAgain(guards);
    await eachOf(batchesOf(guards), CONCURRENT_BATCHES, async (batch) => {
      for (const seen of await this.#see(orgId, batch, ids, fix)) {
        for (const difference of await this.#atGuard(author, orgId, seen, fix)) differences.push(difference);
      }
    });
    return differences;
  }

  /** What some guards have, and what is known of their keys here and in KV. */
  async #see(
    orgId: string,
    guards: readonly string[],
    ids: ReadonlyMap<string, readonly string[]>,
    fix: boolean,
  ): Promise<Seen[]> {
    const { propagation, table } = this.#parts;
    const ours = guards.flatMap((guard) => ids.get(guard) ?? []);
    if (fix) await propagation.pushAll(table.pendingAmong(ours));
    const before = table.many.records(ours, orgId);
    const listed = await Promise.all(guards.map((guard) => this.#list(guard)));
    const stored = listed.map((listing) => storedById(listing?.keys ?? []));
    const all = new Set([...ours, ...stored.flatMap((keys) => [...keys.keys()])]);
    const copies = await this.#copies([...all]);
    return guards.map((guard, i) => ({
      guard,
      keyIds: ids.get(guard) ?? [],
      listed: listed[i] ?? null,
      stored: stored[i] ?? new Map(),
      before,
      copies,
    }));
  }

  async #atGuard(author: Author, orgId: string, seen: Seen, fix: boolean): Promise<Difference[]> {
    const { guard, keyIds, listed } = seen;
    if (listed === null) return [differenceOf(null, guard, "guard_unreachable")];
    const isForeign = listed.orgId !== null && listed.orgId !== orgId;
    if (isForeign || listed.isErased === true) return this.#atForeignGuard(author, orgId, seen, fix);
    const known = this.#known(orgId, seen);
    const found = known.flatMap((each) => differencesOf(each, guard));
    if (!fix || found.length === 0) return found;
    for (const each of known) if (differencesOf(each, guard).length > 0) this.#settle(author, each);
    const unknown = known.filter(({ ours }) => ours === null);
    await this.#cut(author, orgId, guard, unknown);
    const changed = found.map(({ keyId }) => keyId).filter((keyId) => keyId !== null);
    const ours = changed.filter((keyId) => keyIds.includes(keyId));
    const unconfirmed = new Set(await this.#parts.propagation.pushAll(ours));
    await this.#revokeTokens(orgId, guard, known);
    return this.#verify(orgId, guard, found, unconfirmed);
  }

  /** A group that another organisation has taken, or in which this one was erased, serves no key of it. */
  #atForeignGuard(author: Author, orgId: string, { guard, keyIds }: Seen, fix: boolean): Difference[] {
    const live = keyIds.filter((keyId) => this.#parts.table.record(keyId, orgId).revokedAt === null);
    if (fix) for (const keyId of live) this.#revoke(author, keyId);
    return live.map((keyId) => ({ ...differenceOf(keyId, guard, "group_taken"), settled: fix }));
  }

  async #list(guard: string): Promise<Listing | null> {
    try {
      return await within(CUT_TIMEOUT_MS, this.#env.KEY_GUARD.getByName(guard).list());
    } catch {
      return null;
    }
  }

  /** A key that has changed since the guard was asked is left out: its change goes past whatever the guard has. */
  #known(orgId: string, { keyIds, stored, before, copies }: Seen): Known[] {
    const { table } = this.#parts;
    const ids = [...new Set([...keyIds, ...stored.keys()])];
    const now = table.many.records(ids, orgId);
    const forgotten = this.#forgottenTokens(ids, stored);
    return ids
      .filter((keyId) => !before.has(keyId) || now.get(keyId)?.version === before.get(keyId)?.version)
      .map((keyId) => ({
        keyId,
        ours: now.get(keyId) ?? null,
        guards: stored.get(keyId)?.record ?? null,
        copy: readKeyRecord(copies?.get(keyId), keyId),
        forgottenTokens: forgotten.get(keyId) ?? [],
        isUnderWay: copies === null || table.isUnderWay(keyId),
      }));
  }

  #forgottenTokens(
    keyIds: readonly string[],
    stored: ReadonlyMap<string, StoredKey>,
  ): Map<string, DeniableToken[]> {
    const revoked = this.#parts.leaks.revokedTokens(keyIds, Date.now());
    return new Map(
      [...revoked].map(([keyId, tokens]) => {
        const denials = stored.get(keyId)?.denials ?? NO_DENIALS;
        return [keyId, tokens.filter((token) => !isDenied(denials, token))];
      }),
    );
  }

  /** Revokes tokens again that the guard has forgotten; one that is not confirmed stays a difference. */
  async #revokeTokens(orgId: string, guard: string, known: readonly Known[]): Promise<void> {
    const stub = this.#env.KEY_GUARD.getByName(guard);
    const forgotten = known.flatMap(({ keyId, forgottenTokens }) =>
      forgottenTokens.map((token) => ({ keyId, token })),
    );
    await eachOf(forgotten, CONCURRENT_TOKENS, async ({ keyId, token }) => {
      await within(CUT_TIMEOUT_MS, stub.revokeToken({ keyId, orgId }, token));
    }).catch(() => {});
  }

  /** What KV has of keys; `null` when it does not answer. */
  async #copies(keyIds: readonly string[]): Promise<Map<string, unknown> | null> {
    const copies = new Map<string, unknown>();
    try {
      // KV gives a hundred at a time.
      for (const ids of chunksOf(keyIds, MAX_GROUP_KEYS)) {
        const read = this.#env.KEY_RECORDS.get(ids, "json");
        for (const [keyId, value] of await within(OBJECT_TIMEOUT_MS, read)) copies.set(keyId, value);
      }
      return copies;
    } catch {
      return null;
    }
  }

  /** Holds in the organisation's record what all who know the key allow, as a change that is to be pushed. */
  #settle(author: Author, { keyId, ours, guards, copy }: Known): void {
    if (ours === null || ours.revokedAt !== null) {
      if (ours !== null) this.#storage.transactionSync(() => this.#parts.propagation.note([keyId]));
      return;
    }
    if (copy !== null && isSameKey(copy, ours) && copy.revokedAt !== null) return this.#revoke(author, keyId);
    this.#storage.transactionSync(() => {
      const now = Date.now();
      const others = [guards, copy]
        .filter((other) => other !== null)
        .filter((other) => isSameKey(other, ours));
      // A revocation at the guard takes effect when the key is put to it; an older copy counts for nothing.
      for (const other of others) {
        const current = this.#parts.table.record(keyId, ours.orgId);
        const counts = other === copy ? other.version > current.version : other.revokedAt === null;
        if (counts && differingFields(current, other).length > 0) {
          this.#parts.settlement.narrow(author, { current, other, chosen: new Set() }, now);
        }
      }
      this.#parts.propagation.note([keyId]);
    });
  }

  #revoke(author: Author, keyId: string): void {
    const key = this.#parts.table.get(keyId);
    this.#parts.keys.commitRevocation(author, key, REASON, Date.now());
  }

  /** Revokes what only the guard knows. */
  async #cut(author: Author, orgId: string, guard: string, unknown: readonly Known[]): Promise<void> {
    const live = unknown.filter(({ guards }) => guards !== null && guards.revokedAt === null);
    if (live.length === 0) return;
    const matches = live.map(({ keyId }) => ({ keyId, orgId }));
    const cut = await within(CUT_TIMEOUT_MS, this.#env.KEY_GUARD.getByName(guard).cut(matches)).catch(
      () => [],
    );
    for (const confirmation of cut) {
      if (confirmation?.record == null) continue;
      const { id } = confirmation.record;
      const entry: AuditEntry = {
        action: "api_key.revoked",
        target: id,
        before: null,
        after: { reason: REASON },
      };
      this.#parts.audit.add(author, entry, Date.now());
    }
  }

  /** Looks again: says of each difference whether it is settled. Copies in KV are written here and now. */
  async #verify(
    orgId: string,
    guard: string,
    found: readonly Difference[],
    unconfirmed: ReadonlySet<string>,
  ): Promise<Difference[]> {
    const listed = await this.#list(guard);
    const stored = storedById(listed?.keys ?? []);
    const forgotten = this.#forgottenTokens([...stored.keys()], stored);
    const written = new Map<string, boolean>();
    for (const { keyId } of found) {
      if (keyId === null || written.has(keyId)) continue;
      const { table } = this.#parts;
      const record =
        table.find(keyId) === null ? (stored.get(keyId)?.record ?? null) : table.record(keyId, orgId);
      written.set(keyId, record !== null && (await this.#write(record)));
    }
    return found.map((difference) => {
      const { keyId, kind } = difference;
      if (keyId === null || listed === null || unconfirmed.has(keyId)) return difference;
      if (kind === "differs_from_kv") return { ...difference, settled: written.get(keyId) === true };
      const ours = this.#parts.table.find(keyId) === null ? null : this.#parts.table.record(keyId, orgId);
      const guards = stored.get(keyId)?.record ?? null;
      const forgottenTokens = forgotten.get(keyId) ?? [];
      const now = { keyId, ours, guards, copy: null, forgottenTokens, isUnderWay: true };
      return { ...difference, settled: differencesOf(now, guard).length === 0 };
    });
  }

  async #write(record: KeyRecord): Promise<boolean> {
    try {
      await within(OBJECT_TIMEOUT_MS, this.#env.KEY_RECORDS.put(record.id, JSON.stringify(record)));
      return true;
    } catch {
      return false;
    }
  }
}

/** Groups each by itself, guards of one key together. */
function batchesOf(guards: readonly string[]): string[][] {
  const { own = [], groups = [] } = Object.groupBy(guards, (guard) =>
    guard.startsWith("key_") ? "own" : "groups",
  );
  return [...groups.map((group) => [group]), ...chunksOf(own, OWN_GUARDS_A_BATCH)];
}

function storedById(keys: readonly StoredKey[]): Map<string, StoredKey> {
  return new Map(keys.map((stored) => [stored.record.id, stored]));
}
