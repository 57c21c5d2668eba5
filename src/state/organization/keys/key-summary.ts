import type { KeySummary, OwnedKeys } from "../../../core/organization/managed-key.ts";
import { SOON_MS, UNUSED_MS } from "../../../core/key/hygiene.ts";
import { ANY_ADDRESS } from "./key-search.ts";

/** More keys are not counted: nobody waits for that. */
const MAX_COUNTED = 20_000;

const ACTIVE = `revoked_at IS NULL AND disabled = 0 AND (expires_at IS NULL OR expires_at > ?1)`;

const COUNTS = `SELECT count(*) AS n, sum(${ACTIVE}) AS active,
    sum(revoked_at IS NULL AND coalesce(retires_at > ?1, 1) AND coalesce(expires_at > ?1, 1)) AS live,
    sum(revoked_at IS NULL AND disabled = 1) AS disabled,
    sum(revoked_at IS NULL AND disabled = 0 AND expires_at <= ?1) AS expired,
    sum(revoked_at IS NOT NULL) AS revoked,
    sum(${ACTIVE} AND (coalesce(expires_at < ?2, 0) OR coalesce(retires_at < ?2, 0))) AS soon,
    sum(${ACTIVE} AND coalesce(last_used_at, created_at) < ?3) AS unused,
    sum(${ACTIVE} AND last_used_at IS NULL) AS never,
    sum(${ACTIVE} AND expires_at IS NULL) AS forever,
    sum(${ACTIVE} AND ${ANY_ADDRESS}) AS anywhere
  FROM (SELECT * FROM keys WHERE ?4 IS NULL OR owner_id = ?4 LIMIT ${MAX_COUNTED + 1})`;

/** Counts an owner's keys, or with `null` everybody's; `null` where there are too many to count. */
export function summarize(sql: SqlStorage, ownerId: string | null, now: number): KeySummary | null {
  const row = sql
    .exec<Record<string, number | null>>(COUNTS, now, now + SOON_MS, now - UNUSED_MS, ownerId)
    .one();
  const count = (name: string) => row[name] ?? 0;
  if (count("n") > MAX_COUNTED) return null;
  return {
    live: count("live"),
    active: count("active"),
    disabled: count("disabled"),
    expired: count("expired"),
    revoked: count("revoked"),
    expiringSoon: count("soon"),
    unused: count("unused"),
    neverUsed: count("never"),
    noExpiry: count("forever"),
    anyAddress: count("anywhere"),
  };
}

/** How many keys each of some owners has, and their last use. */
export function ownedKeys(sql: SqlStorage, ownerIds: readonly string[]): Map<string, OwnedKeys> {
  const rows = sql.exec<{ id: string; keys: number; lastUsedAt: number | null }>(
    `SELECT value AS id, (SELECT count(*) FROM keys WHERE owner_id = value AND revoked_at IS NULL) AS keys,
       (SELECT max(last_used_at) FROM keys WHERE owner_id = value) AS lastUsedAt FROM json_each(?)`,
    JSON.stringify(ownerIds),
  );
  return new Map([...rows].map(({ id, keys, lastUsedAt }) => [id, { keys, lastUsedAt }]));
}
