import type { KeyRecord, RateLimit } from "../../core/key/key-record.ts";
import { NO_DENIALS, type TokenDenials } from "../../core/token/token-denials.ts";
import type { UsageBatch } from "../../core/usage/usage.ts";
import type { Revocation, StoredKey, StoredWindows } from "../rules/guard.ts";
import type { GroupStorage, StoredGroup } from "./stored-group.ts";

/** Counts of schema 1 that its organisation may not have taken in. */
export interface OldUsage {
  readonly keyId: string;
  readonly batches: readonly UsageBatch[];
}

/**
 * Schema 1 had a guard a key, named by the key's id. It stays the key's guard, as a group of one; what it stored takes
 * the form of schema 2. A crash in between leaves schema 1 whole, since all is written in one transaction.
 */
export function migrateGuard(storage: GroupStorage, defaultLimit: RateLimit): void {
  const { kv } = storage;
  const record = kv.get<KeyRecord>("record");
  if (record === undefined) return;
  storage.transactionSync(() => {
    const revision = kv.get<number>("revision") ?? record.version;
    kv.put<StoredKey>(`key:${record.id}`, {
      record: { ...record, retiresAt: record.retiresAt ?? null },
      denials: kv.get<TokenDenials>("denials") ?? NO_DENIALS,
      revision,
      revocation: kv.get<Revocation>("revocation") ?? oldRevocation(record),
    });
    kv.put<StoredGroup>("group", {
      schema: 2,
      orgId: record.orgId,
      revision,
      longestLeaseMs: kv.get<number>("longestLease") ?? 0,
    });
    migrateWindows(kv, record.id, record.rateLimit ?? defaultLimit);
    migrateUsage(kv, record.id);
    for (const name of ["record", "revision", "denials", "revocation", "longestLease", "window"])
      kv.delete(name);
  });
}

function oldRevocation({ revokedAt, version }: KeyRecord): Revocation | null {
  return revokedAt === null ? null : { version, effectiveAt: null };
}

/** At first a window was stored without its end. */
function migrateWindows(kv: SyncKvStorage, keyId: string, { windowSeconds }: RateLimit): void {
  const window = kv.get<{ startedAt: number; endsAt?: number; used: number }>("window");
  if (window !== undefined) {
    const { startedAt: start, endsAt, used } = window;
    const end = endsAt ?? start + windowSeconds * 1000;
    kv.put<StoredWindows>("windows", { [keyId]: { number: 1, start, end, used } });
  }
  const tokens = kv.get("tokenWindow");
  if (tokens !== undefined) kv.put(`tokens:${keyId}`, tokens);
  kv.delete("tokenWindow");
}

function migrateUsage(kv: SyncKvStorage, keyId: string): void {
  const ledger = kv.get<{ pending: UsageBatch | null; sent: UsageBatch | null }>("usage");
  const batches = [ledger?.sent ?? null, ledger?.pending ?? null].filter((batch) => batch !== null);
  if (batches.length > 0) kv.put<OldUsage>("oldUsage", { keyId, batches });
  kv.delete("usage");
}
